import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A program that answers one JSON object a line with another, each under the question's `id`, in any order. */
export interface OracleProcess extends AsyncDisposable {
  /** Resolves to the answer's `result`. Rejects when the program found the question wrong or has ended. */
  ask<Result>(question: Readonly<Record<string, unknown>>): Promise<Result>;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

const STDERR_SHOWN = 4096;

/** Starts the program. It ends with its standard input, so it never outlives this process. */
export function startOracleProcess(command: string, args: readonly string[] = []): OracleProcess {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let stderr = "";
  let gone: Error | undefined;
  const end = (reason: string): void => {
    gone ??= new Error(`${command} ended (${reason}): ${stderr.trim() || "nothing on standard error"}`);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  };
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      end(error.message);
      resolve();
    });
    child.once("close", (code, signal) => {
      end(signal ?? `exit code ${code}`);
      resolve();
    });
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-STDERR_SHOWN);
  });
  // A write to a program that has ended fails here; its end is told by "close".
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, result, error }: Answer = JSON.parse(line);
    const question = pending.get(id);
    pending.delete(id);
    if (error === undefined) question?.resolve(result as never);
    else question?.reject(new Error(`${command}: ${error}`));
  });
  return {
    ask(question) {
      if (gone !== undefined) return Promise.reject(gone);
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
      });
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";

/** A server run as a child process with its output in a log file. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  /** Standard output, also in the log file; undefined unless asked for. */
  readonly stdout: NodeJS.ReadableStream | undefined;
  /** Settles when the process has ended, to a text such as `exit code 1`. Never rejects. */
  readonly ended: Promise<string>;
  readonly running: boolean;
  /** Sends the signal and waits for the end; SIGKILL follows after `graceMs` (10,000 unless given). */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/** Options of {@link startServer}. */
export interface ServerOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly pipeStdout?: boolean;
  /** Environment of the server; this process's unless given. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a server. It dies with this process, however this process ends. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { name, command, args, logPath } = options;
  const log = await open(logPath, "a");
  const child = spawn(command, args, {
    stdio: ["ignore", options.pipeStdout ? "pipe" : log.fd, log.fd],
    ...(options.env ? { env: options.env } : {}),
  });
  // Before the first await: a server may end at once, and its exit is told only once.
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  try {
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
  } finally {
    await log.close();
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name}: ${command} has no process id`);
  killWithParent(pid, ended);
  return {
    name,
    pid,
    logPath,
    stdout: child.stdout ?? undefined,
    ended,
    get running() {
      return isRunning(child);
    },
    async stop(signal = "SIGTERM", graceMs = 10_000) {
      if (isRunning(child)) child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The last lines that the server logged, for error messages. */
export async function logTail(logPath: string, lines = 20): Promise<string> {
  const text = await readFile(logPath, "utf8").catch(() => "(no log)");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/**
 * A shell that holds the read end of a pipe of ours: the kernel closes the pipe even when this process is
 * SIGKILLed, where no exit handler runs. It is detached so that Ctrl-C does not take it away first.
 */
function killWithParent(pid: number, ended: Promise<string>): void {
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -KILL "$1"', "guard", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  ended.then(() => guard.kill("SIGKILL"));
}

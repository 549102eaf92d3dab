import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** An issuer that runs in a process of its own. */
export interface IssuerProcess extends AsyncDisposable {
  readonly pid: number;
  /** @throws what it said on standard error, when it has ended */
  assertRunning(): void;
}

/** Starts `examples/software-ca` of a checkout with plain Node; it is stopped when the result is disposed of. */
export function startIssuerProcess(root: string, args: readonly string[]): IssuerProcess {
  const child = spawn(process.execPath, [join(root, "examples/software-ca/src/main.ts"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const ended = once(child, "close");
  if (child.pid === undefined) throw new Error(`the issuer of ${root} does not start`);
  return {
    pid: child.pid,
    assertRunning() {
      if (child.exitCode !== null) throw new Error(`the issuer of ${root} has ended: ${complaints}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

import { spawn } from "node:child_process";

/** How a command ended and all that it wrote, the two streams in order of arrival. */
export interface ShellResult {
  readonly code: number | null;
  readonly output: string;
}

/** Where and with what a script runs. */
export interface RunShellOptions {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** The script's `$1` and so on. */
  readonly args?: readonly string[];
}

/** Runs a script of `/bin/sh`. One that runs for 120 s is killed. */
export function runShell(
  script: string,
  { directory, env, args = [] }: RunShellOptions,
): Promise<ShellResult> {
  const child = spawn("/bin/sh", ["-c", script, "sh", ...args], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

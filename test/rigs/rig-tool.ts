import { spawn } from "node:child_process";

/** The variables that `findRig` and `buildRig` look at; `process.env` unless told otherwise. */
export type RigEnvironment = Readonly<Record<string, string | undefined>>;

/** A rig that can neither be found nor built; the message says what to install or set. */
export class RigUnavailable extends Error {
  override readonly name = "RigUnavailable";
}

/** What {@link runTool} needs beside the command line. */
export interface ToolOptions {
  /** What is done, for the error: `go build`. */
  readonly step: string;
  /** Where the tool runs. */
  readonly directory: string;
  readonly env: RigEnvironment;
  /** What to tell a person who does not have the tool. */
  readonly missing: string;
}

/** Runs a build tool and returns its standard output. Throws RigUnavailable on any failure, with the end of its output. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<string> {
  const { step, directory, env, missing } = options;
  const child = spawn(command, args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new RigUnavailable(missing) : error;
  });
  if (code === 0) return stdout;
  const end = `${stdout}${stderr}`.trimEnd().split("\n").slice(-20).join("\n");
  throw new RigUnavailable(`${step} in ${directory} failed with exit code ${code}:\n${end}`);
}

import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runShell, type ShellResult } from "./run-shell.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The shell of somebody who administers a PKI and a cluster. */
export interface AdminShell {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a script in the folder; `env` comes on top. One that runs for 120 s is killed. */
  run(
    script: string,
    env?: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<ShellResult>;
}

/** What {@link startAdminShell} needs. */
export interface AdminShellOptions {
  /** Working folder of the scripts. The commands are put in its `bin`, and it looks like a checkout. */
  readonly directory: string;
  /** Paths of programs by the names under which scripts find them. */
  readonly commands: Readonly<Record<string, string>>;
  /** In front of the system's PATH comes the folder's own. */
  readonly env: NodeJS.ProcessEnv;
}

/** Puts the commands on PATH. */
export async function startAdminShell(options: AdminShellOptions): Promise<AdminShell> {
  const { directory, commands, env } = options;
  const bin = join(directory, "bin");
  await mkdir(bin);
  for (const [name, path] of Object.entries(commands)) await symlink(path, join(bin, name));
  for (const folder of ["examples", "packages"]) await symlink(join(ROOT, folder), join(directory, folder));
  // Clients keep logins in HOME.
  const base = { ...env, PATH: `${bin}:${process.env.PATH}`, HOME: directory };
  return {
    directory,
    env: base,
    run: (script, more = {}, ...args) => runShell(script, { directory, env: { ...base, ...more }, args }),
  };
}

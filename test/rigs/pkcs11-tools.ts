import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { describe } from "vitest";

const libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/** What the PKCS#11 suites need, where it is looked for, and the variable that names it elsewhere. */
const files = Object.freeze({
  softhsm: {
    variable: "SOFTHSM2_MODULE",
    at: ["/usr/lib/softhsm/libsofthsm2.so", ...below("softhsm/libsofthsm2.so")],
  },
  nss: { variable: "NSS_SOFTOKN_MODULE", at: below("libsoftokn3.so", "nss/libsoftokn3.so") },
  "p11-kit-client": { variable: "P11_KIT_CLIENT_MODULE", at: below("pkcs11/p11-kit-client.so") },
});
const commands = ["softhsm2-util", "pkcs11-tool", "p11-kit", "gcc"] as const;
const packages = "softhsm2 opensc p11-kit p11-kit-modules libnss3 gcc";

/** Names of the modules that tests load. */
export type Pkcs11ModuleName = keyof typeof files;

function below(...names: readonly string[]): string[] {
  return libraries.flatMap((folder) => names.map((name) => join(folder, name)));
}

function isReadable(path: string, mode = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Absolute path of a module. Throws an Error that says what to install. */
export function pkcs11Module(name: Pkcs11ModuleName): string {
  const { variable, at } = files[name];
  const named = process.env[variable];
  const path = named ?? at.find((candidate) => isReadable(candidate));
  if (path === undefined || !isReadable(path))
    throw new Error(
      `the PKCS#11 module ${name} is missing; apt-get install ${packages}, or name it by ${variable}`,
    );
  return path;
}

/** What is missing for the PKCS#11 suites, with what to install; undefined where nothing is. */
export function missingPkcs11(): string | undefined {
  const path = (process.env.PATH ?? "").split(delimiter);
  const missing = commands.find(
    (command) => !path.some((folder) => isReadable(join(folder, command), constants.X_OK)),
  );
  if (missing !== undefined) return `${missing} is not on PATH; apt-get install ${packages}`;
  try {
    for (const name of Object.keys(files)) pkcs11Module(name as Pkcs11ModuleName);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `describe` for a suite on software tokens: skipped with the reason where they are missing, failing where `CI=true`. */
export function describeWithPkcs11(title: string, suite: () => void): void {
  const missing = missingPkcs11();
  if (missing === undefined) describe(title, suite);
  else if (process.env.CI === "true") throw new Error(missing);
  else describe.skip(`${title} (skipped: ${missing})`, suite);
}

/** Runs a command of the rigs; resolves to its standard output and rejects with its standard error. */
export async function runTool(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

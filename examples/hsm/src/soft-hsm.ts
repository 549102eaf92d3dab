import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const places = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/usr/lib64/softhsm/libsofthsm.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/** A SoftHSM token for the demonstration, in a folder that goes away with it. */
export interface SoftHsmToken extends AsyncDisposable {
  readonly folder: string;
  readonly configuration: string;
}

/** Path of SoftHSM's module. Throws an Error that says what to install. */
export function softHsmModule(named: string | undefined): string {
  const found = [...(named === undefined ? [] : [named]), ...places].find((path) => {
    try {
      accessSync(path, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined)
    throw new Error(
      "SoftHSM is not installed. On Debian: apt-get install softhsm2; or name it by SOFTHSM2_MODULE.",
    );
  return found;
}

/** Initialises a token. */
export async function makeToken(label: string, pin: string): Promise<SoftHsmToken> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-hsm-"));
  const configuration = join(folder, "softhsm2.conf");
  await mkdir(join(folder, "tokens"));
  await writeFile(configuration, `directories.tokendir = ${join(folder, "tokens")}\nlog.level = ERROR\n`);
  const init = ["--init-token", "--free", "--label", label, "--so-pin", pin, "--pin", pin];
  await promisify(execFile)("softhsm2-util", init, {
    env: { ...process.env, SOFTHSM2_CONF: configuration },
  });
  return {
    folder,
    configuration,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

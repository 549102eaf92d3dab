import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pkcs11Module } from "./pkcs11-tools.ts";

/** The keys that the NSS token is made with. NSS of Debian 12 has no Edwards curves. */
export const nssKeys = Object.freeze([
  { label: "rsa", id: "01", kind: "RSA", bits: 2048 },
  { label: "p256", id: "02", kind: "EC", curve: "06082a8648ce3d030107" },
  { label: "p384", id: "03", kind: "EC", curve: "06052b81040022" },
] as const);

/** NSS's software token: a second PKCS#11 module, written by other people than SoftHSM. */
export interface NssSoftokn extends AsyncDisposable {
  readonly modulePath: string;
  /** For C_Initialize: NSS takes its database from there. */
  readonly moduleParameters: string;
  readonly tokenLabel: string;
  readonly pin: string;
}

/** Makes a database with {@link nssKeys}. */
export async function createNssSoftokn(): Promise<NssSoftokn> {
  const modulePath = pkcs11Module("nss");
  const directory = await mkdtemp(join(tmpdir(), "countersign-nss-"));
  const moduleParameters = `configdir='sql:${directory}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=`;
  const rig = { modulePath, moduleParameters, tokenLabel: "NSS Certificate DB", pin: "314159" };
  // In a process of its own: a second C_Initialize in one process would meet the first.
  const script = join(import.meta.dirname, "nss-softokn-setup.ts");
  await promisify(execFile)(process.execPath, [script, JSON.stringify({ ...rig, keys: nssKeys })]);
  return {
    ...rig,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

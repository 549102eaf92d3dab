import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pkcs11Module, runTool } from "./pkcs11-tools.ts";

/** Kinds of key in the spelling of `pkcs11-tool --key-type`. */
export type SoftHsmKeyType =
  | "rsa:2048"
  | "rsa:3072"
  | "rsa:4096"
  | "EC:secp256r1"
  | "EC:secp384r1"
  | "EC:secp521r1"
  | "EC:edwards25519";

/** A key to make in a token. */
export interface SoftHsmKey {
  readonly type: SoftHsmKeyType;
  readonly label: string;
  /** CKA_ID in hexadecimal. */
  readonly id: string;
  readonly alwaysAuthenticate?: boolean | undefined;
}

/** One SoftHSM token. Its PIN is the same for all of the rig's tokens. */
export const softHsmPin = "314159";

/** A SoftHSM of its own: a configuration and a folder of tokens that no other process knows. */
export interface SoftHsm extends AsyncDisposable {
  readonly modulePath: string;
  /** What a process needs in its environment to see these tokens. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Initialises a token and makes keys in it, by SoftHSM's and OpenSC's own tools. */
  addToken(label: string, keys?: readonly SoftHsmKey[]): Promise<void>;
  /** Takes all tokens away, as pulling the HSM's cable would, until the answer is called. */
  takeAway(): Promise<() => Promise<void>>;
  /** Copies every token to another SoftHSM: how a software token is replicated. */
  copyTo(other: SoftHsm): Promise<void>;
}

/** Makes an empty SoftHSM in a temporary folder. */
export async function createSoftHsm(): Promise<SoftHsm> {
  const modulePath = pkcs11Module("softhsm");
  const directory = await mkdtemp(join(tmpdir(), "countersign-softhsm-"));
  const tokens = join(directory, "tokens");
  const conf = join(directory, "softhsm2.conf");
  await mkdir(tokens);
  await writeFile(
    conf,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
  );
  const env = { SOFTHSM2_CONF: conf };
  return {
    modulePath,
    env,
    directory,
    async addToken(label, keys = []) {
      const init = ["--init-token", "--free", "--label", label, "--so-pin", "27182818", "--pin", softHsmPin];
      await runTool("softhsm2-util", init, env);
      for (const { type, label: keyLabel, id, alwaysAuthenticate } of keys) {
        const where = ["--module", modulePath, "--token-label", label, "--login", "--pin", softHsmPin];
        const what = ["--keypairgen", "--key-type", type, "--label", keyLabel, "--id", id];
        const more = alwaysAuthenticate === true ? ["--always-auth"] : [];
        await runTool("pkcs11-tool", [...where, ...what, ...more], env);
      }
    },
    async takeAway() {
      await rename(tokens, `${tokens}.away`);
      await mkdir(tokens);
      return async () => {
        await rm(tokens, { recursive: true });
        await rename(`${tokens}.away`, tokens);
      };
    },
    async copyTo(other) {
      await cp(tokens, join(other.directory, "tokens"), { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

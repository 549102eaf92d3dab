import { createPublicKey } from "node:crypto";
import { type KeyAlgorithm, newPrivateKey } from "@countersign/issuer-signer";
import { generateKey, type HsmKeyType, keyTypes } from "../ceremony/generate-key.ts";
import { describeKey } from "../ceremony/show-token.ts";
import { withToken } from "../ceremony/with-token.ts";
import type { Command } from "./command-context.ts";
import { keyOptions, tokenHelp, tokenOf } from "./key-options.ts";
import { optionalText, requiredText, writeNewFile } from "./option-values.ts";
import { UsageError } from "./usage-error.ts";

const { "rsa-pss": _, ...options } = keyOptions;

/** Makes a CA key. */
export const ceremonyKeygen: Command = {
  name: "ceremony keygen",
  summary: "make a CA key in the token",
  help: `ceremony keygen --type TYPE --label TEXT --id HEX [options]

Makes a key pair in the token: for signing only, sensitive, not exportable. Refuses a label or an id that is there.

  --type TYPE                ${keyTypes.join(", ")}
  --label TEXT               label of the key
  --id HEX                   id of the key
  --always-authenticate      each signature needs the PIN again (the issuer does that)
  --key-file FILE            make a PEM key in a new file instead: for development only
${tokenHelp}`,
  options: { ...options, type: { type: "string" }, "always-authenticate": { type: "boolean" } },
  async run(values, context) {
    const type = requiredText(values, "type") as HsmKeyType;
    if (!keyTypes.includes(type)) throw new UsageError(`--type must be one of ${keyTypes.join(", ")}`);
    const file = optionalText(values, "key-file");
    if (file !== undefined) {
      const key = newPrivateKey(softwareAlgorithm(type));
      await writeNewFile(file, key.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
      const spki = createPublicKey(key).export({ type: "spki", format: "der" });
      const shown = describeKey({ spki, label: "", idHex: "", handle: spki, alwaysAuthenticate: false });
      context.print(`made a ${shown.algorithm} key in ${file}, SHA-256 of its public key ${shown.sha256}`);
      return;
    }
    const [label, id] = [requiredText(values, "label"), requiredText(values, "id").toLowerCase()];
    if (!/^([0-9a-f]{2}){1,128}$/.test(id)) throw new UsageError("--id must be pairs of hexadecimal digits");
    const alwaysAuthenticate = values["always-authenticate"] === true;
    const key = await withToken(await tokenOf(values, context), (session) =>
      generateKey(session, { type, label, id, alwaysAuthenticate }),
    );
    const shown = describeKey(key);
    context.print(
      `made a ${shown.algorithm} key labelled ${label} with id ${id}, SHA-256 of its public key ${shown.sha256}`,
    );
  },
};

function softwareAlgorithm(type: HsmKeyType): KeyAlgorithm {
  const [family, size = ""] = type.split(":");
  if (family === "rsa") return { name: "RSA", modulusLength: Number(size) };
  if (family === "ed25519") return { name: "Ed25519" };
  return { name: "EC", curve: size === "p521" ? "P-521" : size === "p384" ? "P-384" : "P-256" };
}

import { readFile } from "node:fs/promises";
import { type CaSigner, parsePrivateKey, softwareCaSigner } from "@countersign/issuer-signer";
import type { CeremonyToken } from "../ceremony/with-token.ts";
import { HsmKey } from "../hsm-key.ts";
import { parsePkcs11Uri } from "../pkcs11-uri.ts";
import type { CommandContext, OptionValues } from "./command-context.ts";
import { optionalText, readOptionFile } from "./option-values.ts";
import { UsageError } from "./usage-error.ts";

/** Options that name a token. */
export const tokenOptions = Object.freeze({
  module: { type: "string" },
  "module-parameters": { type: "string" },
  uri: { type: "string" },
  token: { type: "string" },
  serial: { type: "string" },
  "pin-file": { type: "string" },
  "pin-env": { type: "string" },
} as const);

/** Options that name a key in a token, or in a file. */
export const keyOptions = Object.freeze({
  ...tokenOptions,
  label: { type: "string" },
  id: { type: "string" },
  "rsa-pss": { type: "boolean" },
  "key-file": { type: "string" },
} as const);

export const tokenHelp = `  --module PATH              PKCS#11 module (or the variable COUNTERSIGN_HSM_MODULE)
  --module-parameters TEXT   for C_Initialize, as NSS softokn wants them
  --token LABEL              label of the token
  --serial NUMBER            serial number of the token
  --uri URI                  PKCS#11 URI (RFC 7512) instead, such as "pkcs11:token=ca1;object=root"
  --pin-file FILE            file with the PIN
  --pin-env NAME             environment variable with the PIN; asked for where neither is given
`;

export const keyHelp = `${tokenHelp}  --label TEXT               label of the key
  --id HEX                   id of the key
  --rsa-pss                  make RSA-PSS signatures with an RSA key
  --key-file FILE            sign with this PEM key instead of a token: for development only
`;

/** The token that the options name, with its PIN. */
export async function tokenOf(values: OptionValues, context: CommandContext): Promise<CeremonyToken> {
  const uri = optionalText(values, "uri");
  const read = uri === undefined ? undefined : parsePkcs11Uri(uri);
  const modulePath = optionalText(values, "module") ?? read?.modulePath ?? context.env.COUNTERSIGN_HSM_MODULE;
  if (modulePath === undefined || modulePath === "") throw new UsageError("--module is missing");
  const token = read?.token ?? {
    label: optionalText(values, "token"),
    serial: optionalText(values, "serial"),
  };
  if (token.label === undefined && token.serial === undefined) throw new UsageError("--token is missing");
  return {
    modulePath,
    moduleParameters: optionalText(values, "module-parameters"),
    token,
    pin: await pinOf(values, context),
  };
}

/** Runs `work` with the key that the options name, then closes it. */
export async function withSigner<T>(
  values: OptionValues,
  context: CommandContext,
  spki: Uint8Array | undefined,
  work: (signer: CaSigner) => Promise<T>,
): Promise<T> {
  const pss = values["rsa-pss"] === true;
  if (optionalText(values, "key-file") !== undefined)
    return work(softwareCaSigner(parsePrivateKey(await readOptionFile(values, "key-file")), { pss }));
  const uri = optionalText(values, "uri");
  const key = uri === undefined ? {} : parsePkcs11Uri(uri).key;
  const hsmKey = new HsmKey({
    tokens: [await tokenOf(values, context)],
    key: { id: optionalText(values, "id") ?? key.id, label: optionalText(values, "label") ?? key.label },
    spki,
    pss,
  });
  try {
    return await work(await hsmKey.signer());
  } finally {
    await hsmKey.close();
  }
}

async function pinOf(values: OptionValues, { env, askSecret }: CommandContext): Promise<string> {
  const [file, name] = [optionalText(values, "pin-file"), optionalText(values, "pin-env")];
  if (file !== undefined && name !== undefined)
    throw new UsageError("--pin-file and --pin-env: use one of them");
  if (file !== undefined) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new Error(`the file of --pin-file cannot be read (${error.code}): ${file}`);
    });
    return text.replace(/\r?\n$/, "");
  }
  if (name !== undefined) {
    const pin = env[name];
    if (pin === undefined || pin === "") throw new UsageError(`the variable ${name} of --pin-env is not set`);
    return pin;
  }
  if (askSecret === undefined)
    throw new UsageError("--pin-file or --pin-env is missing, and there is nobody to ask");
  return askSecret("PIN of the token: ");
}

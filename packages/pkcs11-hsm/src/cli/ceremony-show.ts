import { showKeys } from "../ceremony/show-token.ts";
import { withToken } from "../ceremony/with-token.ts";
import type { Command } from "./command-context.ts";
import { tokenHelp, tokenOf, tokenOptions } from "./key-options.ts";

/** Lists the keys of a token. */
export const ceremonyShow: Command = {
  name: "ceremony show",
  summary: "list the private keys of the token and how they are protected",
  help: `ceremony show [options]

  --json                     one JSON document instead of lines
${tokenHelp}`,
  options: { ...tokenOptions, json: { type: "boolean" } },
  async run(values, context) {
    const { token, keys } = await withToken(await tokenOf(values, context), (session) => ({
      token: session.token,
      keys: showKeys(session),
    }));
    const { label, serial, model } = token;
    if (values.json === true) {
      context.print(JSON.stringify({ token: { label, serial, model }, keys }, undefined, 2));
      return;
    }
    context.print(`token ${label}, serial number ${serial}, model ${model}: ${keys.length} private keys`);
    const word = (name: string, flag: boolean | undefined) =>
      `${name} ${flag === undefined ? "unknown" : flag ? "yes" : "NO"}`;
    for (const key of keys) {
      context.print(`${key.label || "(no label)"}  id ${key.id || "(none)"}  ${key.algorithm}`);
      context.print(`  SHA-256 of the public key ${key.sha256 ?? "unknown"}`);
      context.print(
        `  ${[
          word("made in the token", key.local),
          word("always sensitive", key.alwaysSensitive),
          word("never extractable", key.neverExtractable),
        ].join(", ")}`,
      );
      context.print(
        `  PIN for each signature: ${key.alwaysAuthenticate ? "yes" : "no"}, certificate in the token: ${key.hasCertificate ? "yes" : "no"}`,
      );
    }
  },
};

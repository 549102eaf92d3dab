import { runIssuer } from "@countersign/issuer-core";
import { hsmIssuer } from "./hsm.ts";
import { hsmOptions } from "./hsm-options.ts";

await runIssuer(
  hsmIssuer({
    ...hsmOptions(process.env),
    onTokenState: ({ token, up, message }, { kind, namespace, name }) => {
      const issuer = namespace === "" ? name : `${namespace}/${name}`;
      process.stderr.write(`${kind} ${issuer}: token ${token} is ${up ? "up" : "down"}: ${message}\n`);
    },
  }),
);

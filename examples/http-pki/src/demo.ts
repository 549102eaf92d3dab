import { randomUUID } from "node:crypto";
import { runDemo } from "@countersign/issuer-testing";
import { acme } from "./acme.ts";
import { startPkiServer } from "./pki-server.ts";

await runDemo({
  name: "http-pki",
  definition: acme,
  async prepare() {
    const token = randomUUID();
    const pki = await startPkiServer({ token });
    return {
      spec: { url: pki.url, tokenSecretRef: { name: "acme-token" } },
      secrets: { "acme-token": { token } },
      notes: [`started a tiny PKI at ${pki.url}, which issues at the second look`],
      [Symbol.asyncDispose]: () => pki[Symbol.asyncDispose](),
    };
  },
});

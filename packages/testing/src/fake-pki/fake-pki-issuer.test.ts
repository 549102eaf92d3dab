import { testSigner } from "@countersign/issuer-signer/testing";
import { expect, test } from "vitest";
import { fakePkiIssuer } from "./fake-pki-issuer.ts";
import { startFakePki } from "./start-fake-pki.ts";

const token = "secret";
const tokenSecretRef = { name: "pki" };

test.each([{ find: true }, { idempotent: true }, {}])(
  "the issuer of the fake PKI signs and keeps its promises: %o",
  async (options) => {
    await using pki = await startFakePki({ calm: true, token, misbehaviour: { pending: 1 } });
    const { leaf, calls } = await testSigner(fakePkiIssuer(options), {
      spec: { url: pki.url, tokenSecretRef },
      secrets: { token },
    });
    expect(leaf.names.dns).toEqual(["www.example.com"]);
    expect(calls).toBeGreaterThan(1);
    expect(pki.ledger.entries).toHaveLength(1);
  },
);

test("without idempotency keys at the PKI, an issuer that says it is idempotent does not keep its word", async () => {
  await using pki = await startFakePki({ calm: true, token, idempotencyKeys: false });
  const spec = { url: pki.url, tokenSecretRef };
  const run = testSigner(fakePkiIssuer({ idempotent: true }), { spec, secrets: { token } });
  await expect(run).rejects.toThrow("a repeated sign gave another certificate");
});

test("what the PKI refuses, refuses the request; a wrong token is the issuer's fault", async () => {
  await using pki = await startFakePki({ calm: true, token, reject: () => "not allowed" });
  const spec = { url: pki.url, tokenSecretRef };
  const run = (secrets: { readonly token: string }) => testSigner(fakePkiIssuer(), { spec, secrets });
  await expect(run({ token })).rejects.toMatchObject({ code: "REQUEST_REJECTED", message: "not allowed" });
  await expect(run({ token: "wrong" })).rejects.toMatchObject({ code: "ISSUER" });
});

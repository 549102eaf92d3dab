import { testSigner } from "@countersign/issuer-signer/testing";
import { expect, test } from "vitest";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { adcsIssuer } from "./adcs-issuer.ts";

test("the fragment keeps what the SDK's test kit asks of a signer", async () => {
  await using certsrv = await startCertsrv();
  const { leaf, calls } = await testSigner(adcsIssuer(), {
    spec: {
      adcs: {
        url: certsrv.url,
        caBundle: Buffer.from(certsrv.tlsCaPem).toString("base64"),
        auth: { basic: { username: "svc", passwordSecretRef: { name: "adcs" } } },
        template: "WebServer",
      },
    },
    secrets: { password: "password" },
  });
  expect([leaf.names.dns, calls]).toEqual([["www.example.com"], 1]);
  expect(certsrv.ca.rows).toHaveLength(1);
});

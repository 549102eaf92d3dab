import {
  IssuerError,
  pending,
  RequestRejected,
  RetryableError,
  type Signer,
} from "@countersign/issuer-signer";
import { testSigner } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { fakeCa } from "./fake-ca-fixture.ts";
import { startService } from "./server/sign-server-fixture.ts";
import { webhookIssuer } from "./webhook-issuer.ts";

describe("the issuer and the service of this package", () => {
  test.each(["base64-der", "base64-pem", "pem"])("agree on %s, lifetime and usages", async (csrFormat) => {
    await using service = await startService();
    const request = { csrFormat, durationField: "durationSeconds", usagesField: "usages" };
    const { leaf, chain, caPem, mismatches } = await testSigner(webhookIssuer, {
      spec: {
        webhook: { url: service.url, healthPath: "/health", request, idempotency: { promised: true } },
      },
      request: { durationSeconds: 7200, usages: ["digital signature", "client auth"] },
    });
    expect(leaf.extendedKeyUsage).toEqual(["client auth"]);
    expect(chain).toHaveLength(2);
    expect(caPem).toBe(service.ca.root.pem);
    expect(mismatches).toEqual([]);
    expect(service.signed).toHaveLength(1);
  });

  test("wait together for a PKI that issues later", async () => {
    const ca = await fakeCa();
    let looks = 0;
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      looks += 1;
      return looks < 3
        ? pending({ operation: {}, retryAfterMs: 5 })
        : ca.signer.sign(request, context as never);
    };
    await using service = await startService({ signer: { sign } });
    const { calls } = await testSigner(webhookIssuer, {
      spec: { webhook: { url: service.url, healthPath: "/health" } },
    });
    expect(calls).toBe(3);
  });

  test.each<[unknown, object]>([
    [new RequestRejected("no"), { code: "REQUEST_REJECTED" }],
    [new IssuerError("no"), { code: "ISSUER" }],
    [
      new RetryableError("no", { issuedNothing: true, retryAfterMs: 7_000 }),
      { code: "RETRYABLE", issuedNothing: true },
    ],
    [new RetryableError("no"), { code: "RETRYABLE", issuedNothing: false }],
    [new Error("no"), { code: "RETRYABLE", issuedNothing: false }],
  ])("%s keeps its class on the way", async (error, expected) => {
    await using service = await startService({ signer: { sign: () => Promise.reject(error) } });
    await using webhook = connectTo(service.url);
    expect(await failureOf(webhook.sign())).toMatchObject(expected);
  });

  test("a service that stops loses no request", async () => {
    await using service = await startService();
    await using webhook = connectTo(service.url);
    await webhook.sign();
    await service.server.stop(0);
    // The first may still meet the end of a kept connection.
    expect(await failureOf(webhook.sign())).toMatchObject({ code: "RETRYABLE" });
    expect(await failureOf(webhook.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
  });
});

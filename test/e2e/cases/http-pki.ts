import { describe, expect, type TestContext, test } from "vitest";
import { startPkiServer } from "../../../examples/http-pki/src/pki-server.ts";
import { findCondition } from "../conditions.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { startRelay } from "../fixtures/relay.ts";
import { httpPkiIssuer } from "../identities.ts";
import { beginScene, type Scene, type Scope, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

const token = "the token of the PKI";

/** Starts a PKI for one test, with a relay before it on which the test counts and cuts. */
export async function startPki(context: Pick<TestContext, "onTestFinished">, polls = 1) {
  const pki = await startPkiServer({ token, polls });
  const relay = await startRelay(pki.url);
  context.onTestFinished(async () => {
    await relay[Symbol.asyncDispose]();
    await pki[Symbol.asyncDispose]();
  });
  return { pki, relay, orders: () => relay.requests.filter((line) => line === "POST /orders").length };
}

/** Creates a ready http-pki issuer with its Secret, both named for the scene. */
export async function pkiIssuer(scene: Scene, scope: Scope, url: string) {
  await scene.storeSecret(scope, scene.namespace, { token });
  const issuerRef = await scene.createIssuer(httpPkiIssuer, scope, {
    url,
    tokenSecretRef: { name: scene.namespace },
  });
  await scene.issuerCondition(httpPkiIssuer, issuerRef, "True");
  return issuerRef;
}

/** An issuer whose PKI takes an order now and issues later. */
export function httpPkiCases(target: TargetOf): void {
  describe("http-pki", () => {
    serveIssuers(target, httpPkiIssuer);

    for (const scope of scopes) {
      test.concurrent(`of a ${scope} issuer is Pending first, then issues; the PKI has one order for it`, async (context) => {
        const { pki, relay, orders } = await startPki(context);
        const scene = await beginScene(target(), `http-pki-${scope.toLowerCase()}`);
        const issuerRef = await pkiIssuer(scene, scope, relay.url);
        const [secret, pending] = await Promise.all([
          scene.certificate({ name: "web", issuerRef, privateKey: { algorithm: "ECDSA" } }),
          scene.untilReason("web-1", "Pending"),
        ]);
        expect(findCondition(pending, "Ready")?.message).toContain("Signing still in progress");
        const verdict = await opensslVerdict({
          chain: secret["tls.crt"],
          ca: pki.caPem,
          key: secret["tls.key"],
        });
        expect(verdict.publicKey).toBe(verdict.publicKeyOfKey);
        expect(secret["ca.crt"]).toBe(pki.caPem);
        expect(orders()).toBe(1);
        expect(pki.orders).toBe(1);
      });
    }

    test.concurrent("has one order for each of ten requests, however often it asked for them", async (context) => {
      const { pki, relay, orders } = await startPki(context, 2);
      const scene = await beginScene(target(), "http-pki-ten");
      const issuerRef = await pkiIssuer(scene, "Cluster", relay.url);
      const names = Array.from({ length: 10 }, (_, index) => `r-${index}`);
      await Promise.all(names.map((name) => scene.createRequest({ name, issuerRef })));
      await Promise.all(names.map((name) => scene.issued(name)));
      expect(orders()).toBe(10);
      expect(pki.orders).toBe(10);
      expect(relay.requests.filter((line) => line.startsWith("GET /orders/"))).toHaveLength(20);
    });

    test.concurrent("keeps a request Pending while its PKI is away, and issues it afterwards", async (context) => {
      const { pki, relay, orders } = await startPki(context);
      const scene = await beginScene(target(), "http-pki-away");
      const issuerRef = await pkiIssuer(scene, "Namespaced", relay.url);
      relay.down = true;
      await scene.createRequest({ name: "waiting", issuerRef });
      const waiting = await scene.untilReason("waiting", "Pending");
      expect(findCondition(waiting, "Ready")?.message).toContain("will retry");
      relay.down = false;
      await opensslVerdict(await scene.issued("waiting"));
      expect(orders()).toBe(1);
      expect(pki.orders).toBe(1);
    });

    test.concurrent("with a token that the PKI refuses is not Ready, until the Secret has the right one", async (context) => {
      const { relay } = await startPki(context);
      const scene = await beginScene(target(), "http-pki-token");
      await scene.storeSecret("Namespaced", "http-pki-token", { token: "an old token" });
      const issuerRef = await scene.createIssuer(httpPkiIssuer, "Namespaced", {
        url: relay.url,
        tokenSecretRef: { name: "http-pki-token" },
      });
      const notReady = await scene.issuerCondition(httpPkiIssuer, issuerRef, "False");
      expect(notReady?.message).toMatch(/401/);
      expect(notReady?.message).not.toContain("an old token");
      await scene.storeSecret("Namespaced", "http-pki-token", { token });
      await scene.issuerCondition(httpPkiIssuer, issuerRef, "True", 5_000);
    });
  });
}

import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject } from "@countersign/issuer-core";
import { describe, expect, type TestContext, test } from "vitest";
import { startPkiServer } from "../../../examples/http-pki/src/pki-server.ts";
import { eventually } from "../eventually.ts";
import { guardedPkiAudience } from "../fixtures/guarded-pki.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { PassBook } from "../fixtures/pass-book.ts";
import { newTlsCa, type TlsCa } from "../fixtures/tls-ca.ts";
import { startTlsFront, type TlsFront } from "../fixtures/tls-front.ts";
import { barredIssuer, guardedIssuer, type Identity, issuerNamespace } from "../identities.ts";
import { tokenReviews } from "../resources.ts";
import { beginScene, type IssuerReference, type Scene, type Scope, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

const token = "known to the front alone";
/** The figure to reach: from the change of a ConfigMap or Secret to its effect. */
const effectMs = 5_000;

/** Names of the objects that an issuer refers to. */
export interface GuardedNames {
  readonly trust: string;
  readonly client: string;
  readonly login: string;
  /** The Secret of a pass; without, none is needed. */
  readonly pass?: string | undefined;
}

/** A PKI behind TLS for one test, and what an issuer needs to get in. */
export interface GuardedScene {
  readonly front: TlsFront;
  readonly serverCa: TlsCa;
  readonly clientCa: TlsCa;
  readonly passes: PassBook;
  readonly spec: object;
  /** Awaited before each call is let in; its argument is how often that was so before. */
  atCall: (calls: number) => Promise<void> | void;
}

interface Review extends KubeObject {
  readonly status?: { readonly authenticated?: boolean; readonly user?: { readonly username?: string } };
}

/** Starts the PKI and stores its CA, a client certificate and a ServiceAccount where issuers of that scope look. */
export async function guardPki(
  context: Pick<TestContext, "onTestFinished">,
  scene: Scene,
  scope: Scope,
  names: GuardedNames = { trust: scene.namespace, client: scene.namespace, login: scene.namespace },
): Promise<GuardedScene> {
  const [serverCa, clientCa] = [newTlsCa("Server CA"), newTlsCa("Client CA")];
  const pki = await startPkiServer({ token });
  const user = await scene.serviceAccount(scope, names.login);
  const passes = new PassBook();
  let calls = 0;
  // The API server is the judge of the tokens that it has issued.
  const login = async (bearer: string) => {
    await guarded.atCall(calls++);
    const review = await scene.target.kube.create<Review>(tokenReviews, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: { name: "" },
      spec: { token: bearer, audiences: [guardedPkiAudience] },
    });
    return review.status?.authenticated === true && review.status.user?.username === user ? token : undefined;
  };
  const front = await startTlsFront(
    pki.url,
    { identity: await serverCa.identity("pki"), clientCa: clientCa.pem },
    login,
    passes,
  );
  context.onTestFinished(async () => {
    await front[Symbol.asyncDispose]();
    await pki[Symbol.asyncDispose]();
  });
  await scene.storeConfigMap(scope, names.trust, { "ca.crt": serverCa.pem });
  await storeClient(scene, scope, names.client, clientCa, "first client");
  if (names.pass !== undefined)
    await scene.storeSecret(scope, names.pass, { pass: passes.current, note: "beside it" });
  const guarded: GuardedScene = {
    front,
    serverCa,
    clientCa,
    passes,
    spec: {
      url: front.url,
      caRef: { name: names.trust },
      certRef: { name: names.client },
      keyRef: { name: names.client },
      serviceAccount: names.login,
      ...(names.pass !== undefined && { passRef: { name: names.pass } }),
    },
    atCall: () => {},
  };
  return guarded;
}

async function storeClient(scene: Scene, scope: Scope, name: string, ca: TlsCa, commonName: string) {
  const { cert, key } = await ca.identity(commonName);
  await scene.storeSecret(scope, name, { "tls.crt": cert, "tls.key": key });
}

async function readyIssuer(scene: Scene, identity: Identity, scope: Scope, spec: object) {
  const issuerRef = await scene.createIssuer(identity, scope, spec);
  await scene.issuerCondition(identity, issuerRef, "True");
  return issuerRef;
}

/** Asks for certificates one after another, until it is told to stop; then resolves when all are issued. */
function load(scene: Scene, issuerRef: IssuerReference) {
  let running = true;
  const asking = (async () => {
    const names: string[] = [];
    while (running) {
      const name = `load-${names.length}`;
      names.push(name);
      await scene.createRequest({ name, issuerRef });
      await delay(100);
    }
    return names;
  })();
  return async () => {
    running = false;
    const names = await asking;
    for (const name of names) await scene.issued(name);
    const requests = await Promise.all(names.map((name) => scene.request(name)));
    expect(requests.filter((request) => request?.status?.failureTime !== undefined)).toEqual([]);
    return names.length;
  };
}

/** An issuer that reaches its PKI with a ConfigMap, a Secret and a token of a ServiceAccount. */
export function guardedPkiCases(target: TargetOf): void {
  describe("an issuer behind TLS, a client certificate and a token", () => {
    serveIssuers(target, guardedIssuer, barredIssuer);

    for (const scope of scopes) {
      test.concurrent(`of scope ${scope} issues with what is beside it`, async (context) => {
        const scene = await beginScene(target(), `guarded-${scope.toLowerCase()}`);
        const { front, spec } = await guardPki(context, scene, scope);
        const issuerRef = await readyIssuer(scene, guardedIssuer, scope, spec);
        const secret = await scene.certificate({ name: "web", issuerRef });
        await opensslVerdict({ chain: secret["tls.crt"], ca: secret["ca.crt"] });
        expect(front.requests).toContainEqual({
          line: "POST /orders",
          client: "first client",
          server: "Server CA",
        });
      });

      test.concurrent(`of scope ${scope} names the ConfigMap, or its key, that is missing, and reads no other`, async (context) => {
        const name = `no-trust-${scope.toLowerCase()}`;
        const scene = await beginScene(target(), name);
        const elsewhere = scope === "Cluster" ? "Namespaced" : "Cluster";
        const { spec, serverCa } = await guardPki(context, scene, scope);
        await scene.deleteConfigMap(scope, name);
        await scene.storeConfigMap(elsewhere, name, { "ca.crt": serverCa.pem });
        const issuerRef = await scene.createIssuer(guardedIssuer, scope, spec);
        const where = scope === "Cluster" ? issuerNamespace : name;
        const missing = await scene.issuerCondition(guardedIssuer, issuerRef, "False");
        expect(missing?.message).toBe(
          `Not ready yet: ConfigMap ${where}/${name} not found. Create it with the key "ca.crt".`,
        );
        await scene.storeConfigMap(scope, name, { "other.crt": serverCa.pem });
        await eventually(
          target().patience,
          "the missing key in the condition",
          () => scene.issuerCondition(guardedIssuer, issuerRef, "False"),
          (ready) => ready?.message.includes(`ConfigMap ${where}/${name} has no key "ca.crt"`) === true,
        );
        const stored = performance.now();
        await scene.storeConfigMap(scope, name, { "ca.crt": serverCa.pem });
        await scene.issuerCondition(guardedIssuer, issuerRef, "True", effectMs);
        expect(performance.now() - stored).toBeLessThan(effectMs);
      });
    }

    test.concurrent("R11 uses a new CA bundle within 5 s, and no request fails", async (context) => {
      const scene = await beginScene(target(), "new-trust");
      const { front, spec } = await guardPki(context, scene, "Namespaced");
      const issuerRef = await readyIssuer(scene, guardedIssuer, "Namespaced", spec);
      const end = load(scene, issuerRef);
      await delay(500);
      const delays: number[] = [];
      for (const name of ["Second CA", "Third CA"]) {
        const ca = newTlsCa(name);
        // The server's certificate changes first: until the bundle has come, it is not trusted.
        front.replace({ identity: await ca.identity("pki") });
        await delay(300);
        const stored = performance.now();
        await scene.storeConfigMap("Namespaced", "new-trust", { "ca.crt": ca.pem });
        await eventually(
          { timeout: effectMs, interval: 5 },
          `a call under ${name}`,
          async () => front.requests.at(-1),
          (last) => last?.server === name,
        );
        delays.push(performance.now() - stored);
      }
      const count = await end();
      await context.annotate(
        `${count} requests, 0 failed; in use after ${delays.map(Math.round).join(", ")} ms`,
      );
      expect(Math.max(...delays)).toBeLessThan(effectMs);
    });

    test.concurrent("R11 uses a new client certificate within 5 s, and no request fails", async (context) => {
      const scene = await beginScene(target(), "new-client");
      const { front, spec } = await guardPki(context, scene, "Namespaced");
      const issuerRef = await readyIssuer(scene, guardedIssuer, "Namespaced", spec);
      const end = load(scene, issuerRef);
      await delay(500);
      const clientCa = newTlsCa("Second client CA");
      front.replace({ clientCa: clientCa.pem });
      await delay(300);
      const stored = performance.now();
      await storeClient(scene, "Namespaced", "new-client", clientCa, "second client");
      await eventually(
        { timeout: effectMs, interval: 5 },
        "a call with the new certificate",
        async () => front.requests.at(-1),
        (last) => last?.client === "second client",
      );
      const took = performance.now() - stored;
      const count = await end();
      await context.annotate(`${count} requests, 0 failed; in use after ${Math.round(took)} ms`);
      expect(took).toBeLessThan(effectMs);
    });

    test.concurrent("is not ready while its ServiceAccount does not exist", async (context) => {
      const scene = await beginScene(target(), "no-account");
      const { spec } = await guardPki(context, scene, "Namespaced");
      const issuerRef = await scene.createIssuer(guardedIssuer, "Namespaced", {
        ...spec,
        serviceAccount: "nobody",
      });
      const notReady = await scene.issuerCondition(guardedIssuer, issuerRef, "False");
      expect(notReady?.message).toBe("Not ready yet: ServiceAccount no-account/nobody not found. Create it.");
    });

    test.concurrent("says which right is missing where it may not ask for the token", async (context) => {
      const scene = await beginScene(target(), "barred");
      const { spec } = await guardPki(context, scene, "Namespaced");
      const issuerRef = await scene.createIssuer(barredIssuer, "Namespaced", spec);
      const notReady = await scene.issuerCondition(barredIssuer, issuerRef, "False");
      expect(notReady?.message).toBe(
        'Not ready yet: Not allowed to request tokens of ServiceAccount barred/barred. Grant the controller "create" on "serviceaccounts/token" there.',
      );
    });
  });
}

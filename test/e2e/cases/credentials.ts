import { setTimeout as delay } from "node:timers/promises";
import { type Secret, startIssuer } from "@countersign/issuer-core";
import { describe, expect, type TestContext, test } from "vitest";
import { eventually } from "../eventually.ts";
import { guardedIssuer, type Identity, issuerNamespace, readOnlyIssuer } from "../identities.ts";
import { issuerType, secrets } from "../resources.ts";
import { beginScene, type Scope, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { E2eTarget, TargetOf } from "../target.ts";
import { guardPki } from "./guarded-pki.ts";

/** Longer than an echo of the issuer's own write takes to come back. */
const echoMs = 700;

/** An issuer whose PKI takes a pass once, and what people do about it. */
export async function renewing(
  target: E2eTarget,
  context: Pick<TestContext, "onTestFinished">,
  name: string,
  scope: Scope,
  identity: Identity = guardedIssuer,
) {
  const { kube, patience } = target;
  const scene = await beginScene(target, name);
  const names = { trust: name, client: name, login: name, pass: `${name}-pass` };
  const { front, spec, passes, serverCa } = await guardPki(context, scene, scope, names);
  const secret = { name: names.pass, namespace: scope === "Cluster" ? issuerNamespace : name };
  const kind = identity.definition.kinds.find((each) => each.scope === scope)?.kind ?? "";
  const stored = async () => {
    const found = await kube.get<Secret>(secrets, secret);
    return found && { ...found, pass: Buffer.from(found.data?.pass ?? "", "base64").toString() };
  };
  const issuer = { name, ...(scope === "Namespaced" && { namespace: name }) };
  const exchanged = (count: number) =>
    eventually(
      patience,
      `${count} exchanges of passes`,
      async () => ({ exchanges: passes.exchanges, pass: (await stored())?.pass }),
      ({ exchanges, pass }) => exchanges >= count && pass === passes.current,
    );
  return {
    scene,
    spec,
    passes,
    caPem: serverCa.pem,
    secret,
    stored,
    exchanged,
    checks: () => front.requests.filter(({ line }) => line === "GET /health").length,
    create: () => scene.createIssuer(identity, scope, spec),
    /** Has the issuer checked, which exchanges the pass. */
    check: () =>
      kube.annotate(
        issuerType(identity.definition, kind),
        issuer,
        "example.com/look",
        `${performance.now()}`,
      ),
  };
}

/** A signer that keeps what its PKI renews in the Secret that it came from. */
export function credentialCases(target: TargetOf): void {
  describe("a credential that may be used once", () => {
    serveIssuers(target, guardedIssuer, readOnlyIssuer);

    for (const scope of scopes) {
      test.concurrent(`is kept by a ${scope} issuer, whose own save makes it neither connect nor check again`, async (context) => {
        const it = await renewing(target(), context, `renewed-${scope.toLowerCase()}`, scope);
        await it.scene.storeSecret(scope === "Cluster" ? "Namespaced" : "Cluster", it.secret.name, {
          pass: "elsewhere",
        });
        const issuerRef = await it.create();
        await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
        for (let count = 2; count <= 4; count += 1) {
          await it.check();
          await it.exchanged(count);
        }
        await delay(echoMs);
        expect(it.checks()).toBe(4);
        expect(it.passes).toMatchObject({ exchanges: 4, reused: 0 });
        const { data } = (await it.stored()) ?? {};
        expect(Object.keys(data ?? {}).sort()).toEqual(["note", "pass"]);
        const elsewhere = scope === "Cluster" ? it.scene.namespace : issuerNamespace;
        const other = await target().kube.get<Secret>(secrets, { ...it.secret, namespace: elsewhere });
        expect(other?.data).toEqual({ pass: Buffer.from("elsewhere").toString("base64") });
      });
    }

    test.concurrent("is replaced by an operator, and the new one is in use", async (context) => {
      const it = await renewing(target(), context, "replaced-pass", "Namespaced");
      const issuerRef = await it.create();
      await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
      await it.exchanged(1);
      await it.scene.storeSecret("Namespaced", it.secret.name, { pass: it.passes.renew(), note: "n" });
      await it.exchanged(2);
      expect(it.passes.reused).toBe(0);
      await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
    });

    test.concurrent("is saved on top of what others change in its Secret meanwhile", async (context) => {
      const it = await renewing(target(), context, "labelled-pass", "Namespaced");
      it.passes.amid = () =>
        target().kube.annotate(secrets, it.secret, "example.com/note", "amid the exchange");
      const issuerRef = await it.create();
      await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
      await it.exchanged(1);
      expect((await it.stored())?.metadata.annotations).toMatchObject({
        "example.com/note": "amid the exchange",
      });
      expect(it.passes).toMatchObject({ exchanges: 1, reused: 0 });
    });

    test.concurrent("is never saved over one that somebody else has put there, which is used instead", async (context) => {
      const it = await renewing(target(), context, "contended-pass", "Namespaced");
      let theirs = "";
      it.passes.amid = async () => {
        if (theirs !== "") return;
        theirs = it.passes.renew();
        await it.scene.storeSecret("Namespaced", it.secret.name, { pass: theirs, note: "theirs" });
      };
      const issuerRef = await it.create();
      await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
      await it.exchanged(2);
      expect(it.passes).toMatchObject({ exchanges: 2, reused: 0 });
      expect(theirs).toBe("pass-2");
    });

    test.concurrent("says which right is missing where it may not be written", async (context) => {
      const it = await renewing(target(), context, "read-only-pass", "Namespaced", readOnlyIssuer);
      const issuerRef = await it.create();
      const notReady = await it.scene.issuerCondition(readOnlyIssuer, issuerRef, "False");
      expect(notReady?.message).toBe(
        'Not ready yet: Not allowed to write to Secret read-only-pass/read-only-pass-pass. Grant the controller "patch" on it.',
      );
    });
  });

  describe("a credential that may be used once, after a restart", () => {
    test("is the one that was saved last", async (context) => {
      const it = await renewing(target(), context, "outliving-pass", "Namespaced");
      const issuerRef = await it.create();
      for (let life = 1; life <= 3; life += 1) {
        const issuer = startIssuer(guardedIssuer.definition, {
          connection: await target().issuerConnection(guardedIssuer.account),
          clusterResourceNamespace: issuerNamespace,
          ignoreIssuer: ({ metadata }) => metadata.name !== it.scene.namespace,
        });
        await it.exchanged(life);
        await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
        await issuer.stop();
      }
      expect(it.passes).toMatchObject({ exchanges: 3, reused: 0 });
    });
  });
}

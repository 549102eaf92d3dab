import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  boundedIssuer,
  fencedIssuer,
  guardedIssuer,
  httpPkiIssuer,
  manualIssuer,
  softwareCaIssuer,
  userOf,
} from "../identities.ts";
import { grantedRights, usedRight } from "../request-log.ts";
import { issuerType, signingRequests } from "../resources.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";
import { guardPki } from "./guarded-pki.ts";

/** A lease is renewed every 2 s. */
const leaseMs = 2_500;

/** Has two issuers do all there is to do, so that a right which they do not use is one that nobody needs. */
export function exerciseCases(target: TargetOf): void {
  describe("the rights of an issuer behind TLS, a client certificate, a token and a pass", () => {
    const ledger = serveIssuers(target, guardedIssuer, fencedIssuer);

    test.concurrent.for([
      ["guarded", "Namespaced", guardedIssuer],
      ["guarded", "Cluster", guardedIssuer],
      ["fenced", "Cluster", fencedIssuer],
    ] as const)(
      "suffice %s with a %s issuer for all that it does",
      async ([name, scope, identity], context) => {
        const { kube } = target();
        const scene = await beginScene(target(), `rights-${name}-${scope.toLowerCase()}`);
        const own = scene.namespace;
        const { definition, rbac } = identity;
        const [trust = own] = rbac.references?.configMaps ?? [];
        const [client = own] = rbac.references?.secrets ?? [];
        const [login = own] = rbac.references?.serviceAccounts ?? [];
        const [pass = `${own}-pass`] = rbac.references?.savedSecrets ?? [];
        const guarded = await guardPki(context, scene, scope, { trust, client, login, pass });
        const kind = definition.kinds.find((each) => each.scope === scope);
        const [type, inside] = [issuerType(definition, kind?.kind ?? ""), scope === "Namespaced"];
        // Every status is written after a change that its writer has not seen: it has to get the object again.
        const touched = ["example.com/touched", "while it was looked at"] as const;
        const issuer = inside ? { name: own, namespace: own } : { name: own };
        guarded.atCall = (calls) => (calls === 0 ? kube.annotate(type, issuer, ...touched) : undefined);
        const issuerRef = await scene.createIssuer(identity, scope, guarded.spec);
        await scene.issuerCondition(identity, issuerRef, "True");

        ledger.before(own, "web", () => scene.touch("web"));
        await scene.createRequest({ name: "web", issuerRef });
        await scene.issued("web");

        ledger.before("", own, () => kube.annotate(signingRequests, { name: own }, ...touched));
        const signer = `${kind?.plural}.${issuerRef.group}/${inside ? `${own}.` : ""}${own}`;
        const chain = await scene.signingRequest(own, signer, ["digital signature", "server auth"]);
        expect(chain).toMatch(/^-----BEGIN CERTIFICATE-----/);

        // Ready a second time: the event that says so is the first one, seen twice.
        await scene.deleteConfigMap(scope, trust);
        await scene.issuerCondition(identity, issuerRef, "False");
        await scene.storeConfigMap(scope, trust, { "ca.crt": guarded.serverCa.pem });
        await scene.issuerCondition(identity, issuerRef, "True");
        await delay(leaseMs);
      },
    );
  });
}

/** What the issuers did until now, as the API server saw it, beside what the generated RBAC grants. */
export function rightsCases(target: TargetOf): void {
  async function requestsOf(identity: typeof guardedIssuer) {
    return (await target().log()).filter(
      ({ user, resource }) => user === userOf(identity) && resource !== "",
    );
  }

  describe.each([
    ["software-ca", softwareCaIssuer],
    ["http-pki", httpPkiIssuer],
    ["manual", manualIssuer],
    ["guarded", guardedIssuer],
    ["fenced", fencedIssuer],
    ["bounded", boundedIssuer],
  ] as const)("the rights of %s", (_, identity) => {
    test("are all that it used: every verb is granted, and nothing was ever forbidden", async () => {
      const mine = await requestsOf(identity);
      const granted = grantedRights(identity);
      const used = new Set(mine.map(usedRight));
      expect(used.size).toBeGreaterThan(8);
      expect([...used].filter((right) => !granted.has(right))).toEqual([]);
      expect(mine.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
    });
  });

  describe.each([
    ["guarded", guardedIssuer],
    ["fenced", fencedIssuer],
  ] as const)("the rights of %s", (_, identity) => {
    test("are all used: none is granted that is not needed", async () => {
      const mine = await requestsOf(identity);
      const used = new Set(mine.map(usedRight));
      const unused = [...grantedRights(identity)].filter((right) => !used.has(right));
      // This one is asked inside the server, by the admission plugin CertificateSigning, before it lets a certificate in.
      expect(unused).toEqual(["sign certificates.k8s.io/signers"]);
      const statuses = mine.filter(
        ({ resource, subresource }) => resource === "certificatesigningrequests" && subresource === "status",
      );
      expect(statuses.map(({ code }) => code)).toContain(200);
    });
  });
}

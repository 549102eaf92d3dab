import { beforeAll, describe, expect, test } from "vitest";
import { findCondition, trueCondition } from "../conditions.ts";
import { eventually } from "../eventually.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { foreignIssuer, manualIssuer, softwareCaIssuer } from "../identities.ts";
import { summary, writesOf } from "../request-log.ts";
import { certificateRequests } from "../resources.ts";
import { beginScene, type IssuerReference, type Scene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

/** Which requests are answered, and which are left alone. */
export function gateCases(target: TargetOf): void {
  describe("the gate before a signature", () => {
    const ledger = serveIssuers(target, manualIssuer, softwareCaIssuer);
    let scene: Scene;
    let issuerRef: IssuerReference;
    beforeAll(async () => {
      scene = await beginScene(target(), "gates");
      issuerRef = await scene.caIssuer(manualIssuer, "Cluster", newTestCa("Gates CA"));
    });

    /** When a request that came later is issued, the earlier ones have been looked at too. */
    async function laterIsIssued(scene: Scene, issuerRef: IssuerReference): Promise<void> {
      await scene.createRequest({ name: "later", issuerRef });
      await scene.approve("later");
      await scene.issued("later");
    }

    const writes = async (namespace: string, name: string) =>
      writesOf(await target().log(), manualIssuer, namespace).filter((write) => write.name === name);

    test.concurrent("lets an approved request through", async () => {
      await scene.createRequest({ name: "approved", issuerRef });
      await scene.approve("approved");
      expect((await scene.issued("approved")).chain).toMatch(/^-----BEGIN CERTIFICATE-----/);
      expect(ledger.calls(scene.namespace, "approved")).toBe(1);
    });

    test.concurrent("answers a denied request once, with Denied and failureTime, and never signs it", async () => {
      const scene = await beginScene(target(), "denied");
      await scene.createRequest({ name: "denied", issuerRef });
      await scene.deny("denied");
      const denied = await scene.untilReason("denied", "Denied");
      const { status } = denied;
      expect(findCondition(denied, "Ready")).toMatchObject({ status: "False", reason: "Denied" });
      expect(Date.parse(status?.failureTime ?? "")).toBeGreaterThan(Date.now() - 60_000);
      expect(status?.certificate).toBeUndefined();

      await scene.touch("denied");
      await laterIsIssued(scene, issuerRef);
      expect((await writes("denied", "denied")).map(summary)).toEqual([
        "patch certificaterequests/status denied 200",
      ]);
      expect(ledger.calls("denied", "denied")).toBe(0);
    });

    test.concurrent("leaves a request alone that nobody has approved", async () => {
      const scene = await beginScene(target(), "unapproved");
      await scene.createRequest({ name: "unapproved", issuerRef });
      await scene.touch("unapproved");
      await laterIsIssued(scene, issuerRef);
      expect(await writes("unapproved", "unapproved")).toEqual([]);
      expect((await scene.request("unapproved"))?.status?.conditions ?? []).toEqual([]);
      expect(ledger.calls("unapproved", "unapproved")).toBe(0);

      await scene.approve("unapproved");
      await scene.issued("unapproved");
      expect(ledger.calls("unapproved", "unapproved")).toBe(1);
    });

    test.concurrent("lets no other conditions through, in any combination: the PKI hears of none", async () => {
      const scene = await beginScene(target(), "permutations");
      const possible = ["Approved", "Denied", "InvalidRequest", "Acme"].flatMap((type) =>
        (["True", "False"] as const).map((status) => ({
          ...trueCondition(type, "e2e", "set by the test"),
          status,
        })),
      );
      const subsets = Array.from({ length: 2 ** possible.length }, (_, bits) =>
        possible.filter((_, index) => (bits & (1 << index)) !== 0),
      ).filter((set) => new Set(set.map(({ type }) => type)).size === set.length);
      const isOpen = (set: typeof possible) => {
        const isTrue = (type: string) => set.some((each) => each.type === type && each.status === "True");
        return isTrue("Approved") && !isTrue("Denied") && !isTrue("InvalidRequest");
      };
      const shut = subsets.filter((set) => !isOpen(set));
      expect(shut).toHaveLength(69);
      await Promise.all(
        shut.map(async (conditions, index) => {
          const name = `shut-${index}`;
          await scene.createRequest({ name, issuerRef });
          const place = { namespace: scene.namespace, name };
          const stored = target().kube.applyStatus(certificateRequests, place, { conditions });
          // The real webhook stores no decision that is not True, and never both.
          const decisions = conditions.filter(({ type }) => type === "Approved" || type === "Denied");
          const isLegal = decisions.length < 2 && decisions.every(({ status }) => status === "True");
          await (isLegal || !target().hasWebhook ? stored : expect(stored).rejects.toThrow());
        }),
      );
      await laterIsIssued(scene, issuerRef);
      const reached = shut.filter((_, index) => ledger.calls(scene.namespace, `shut-${index}`) !== 0);
      expect(reached).toEqual([]);
      expect(ledger.calls(scene.namespace, "later")).toBe(1);
    });

    test.concurrent("is shut for a request that is denied after it was issued", async () => {
      const scene = await beginScene(target(), "denied-late");
      await scene.createRequest({ name: "late", issuerRef });
      await scene.approve("late");
      await scene.issued("late");
      await scene.touch("late");
      await laterIsIssued(scene, issuerRef);
      expect((await writes("denied-late", "late")).map(summary)).toEqual([
        "patch certificaterequests/status late 200",
      ]);
    });
  });

  describe("a request that names somebody else", () => {
    serveIssuers(target, manualIssuer, softwareCaIssuer);

    test("is never written to, whatever its group and kind, though its issuer's name is ours", async () => {
      const scene = await beginScene(target(), "foreign");
      const ours = await scene.caIssuer(manualIssuer, "Cluster", newTestCa("Foreign CA"));
      await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Foreign CA"));
      const { name, kind } = ours;
      const approvable = {
        "the-group-of-another": { group: foreignIssuer.definition.group, kind, name },
        "cert-manager-s-group": { group: "cert-manager.io", kind: "ClusterIssuer", name },
        "no-group-and-kind": { name },
        "no-group": { kind: "Issuer", name },
      };
      // Nobody may approve these: their kinds do not exist.
      const unapprovable = {
        "our-group-and-no-kind": { group: ours.group, name },
        "our-group-and-no-kind-of-ours": { group: ours.group, kind: "Issuer", name },
        "our-kind-in-other-letters": { group: ours.group, kind: kind.toLowerCase(), name },
        "our-kind-and-no-group": { kind, name },
        "a-group-below-ours": { group: `sub.${ours.group}`, kind, name },
      };
      const requests = { ...approvable, ...unapprovable };
      for (const [request, issuerRef] of Object.entries(requests)) {
        // The real webhook does not store a kind of ours without a group.
        const stored = scene.createRequest({ name: request, issuerRef });
        await (request === "our-kind-and-no-group" && target().hasWebhook ? stored.catch(() => {}) : stored);
      }
      for (const request of Object.keys(approvable)) await scene.approve(request);
      for (const request of Object.keys(unapprovable)) {
        // The real webhook refuses; where there is none the issuer must keep away by itself.
        await scene.approve(request).catch(() => {});
      }
      await scene.createRequest({ name: "ours", issuerRef: ours });
      await scene.approve("ours");
      await scene.issued("ours");

      const written = async () => {
        const log = await target().log();
        return [manualIssuer, softwareCaIssuer].flatMap((identity) => writesOf(log, identity, "foreign"));
      };
      await eventually(target().patience, "the event", written, (all) => all.length >= 2);
      expect((await written()).map(summary).sort()).toEqual([
        "create events 201",
        "patch certificaterequests/status ours 200",
      ]);
      for (const request of Object.keys(requests)) {
        expect(findCondition(await scene.request(request), "Ready")).toBeUndefined();
      }
    });
  });
}

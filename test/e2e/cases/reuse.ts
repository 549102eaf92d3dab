import { buildCsr, newPrivateKey, newSelfSignedCa } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { issuedFrom } from "../fixtures/issued-from.ts";
import { manualIssuer } from "../identities.ts";
import { requestEvents } from "../request-events.ts";
import { beginScripted } from "../serve-scripted.ts";
import type { TargetOf } from "../target.ts";

const day = 86_400_000;

/** Identical requests, where the issuer lets them have the same certificate. */
export function reuseCases(target: TargetOf): void {
  describe("an identical request", () => {
    const ca = newSelfSignedCa({
      commonName: "A PKI that counts",
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 400 * day),
    });

    test.concurrent("gets the same certificate and an event that says so, where the issuer object allows it", async () => {
      const { scene, serve, request } = await beginScripted(target(), "reuse", {
        limits: { reuseFor: "10m" },
      });
      const csr = await buildCsr({
        key: newPrivateKey({ name: "EC", curve: "P-256" }),
        dnsNames: ["a.example.com"],
      });
      let signs = 0;
      await using _ = await serve(async (asked) => {
        signs += 1;
        return issuedFrom(ca, asked);
      });
      await request("first", { csr });
      const first = await scene.issued("first");
      await request("second", { csr });
      expect(await scene.issued("second")).toEqual(first);
      await request("longer", { csr, spec: { duration: "240h" } });
      expect((await scene.issued("longer")).chain).not.toBe(first.chain);
      expect(signs).toBe(2);
      const events = await eventually(
        target().patience,
        "both events",
        () => requestEvents(target().kube, "reuse", "second"),
        ({ length }) => length >= 2,
      );
      expect(events.map(({ reason, type }) => `${type} ${reason}`).sort()).toEqual([
        "Normal Issued",
        "Normal Reused",
      ]);
      const reused = events.find(({ reason }) => reason === "Reused");
      expect(reused?.note).toBe(
        "The certificate that was issued for the identical request reuse/first is issued again.",
      );
    });

    test.concurrent("goes to the PKI after a change of the issuer's spec, and where the issuer does not allow it", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "no-reuse", {
        limits: { reuseFor: "10m" },
      });
      const csr = await buildCsr({
        key: newPrivateKey({ name: "EC", curve: "P-256" }),
        dnsNames: ["a.example.com"],
      });
      let signs = 0;
      await using _ = await serve(async (asked) => {
        signs += 1;
        return issuedFrom(ca, asked);
      });
      await request("first", { csr });
      await scene.issued("first");
      await scene.changeIssuer(manualIssuer, issuerRef, { limits: { reuseFor: "20m" } });
      await scene.issuerCondition(manualIssuer, issuerRef, "True");
      await request("after-a-change", { csr });
      await scene.issued("after-a-change");
      expect(signs).toBe(2);
    });
  });
}

import {
  buildCsr,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  type SignRequest,
} from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { eventually } from "../eventually.ts";
import { issuedFrom } from "../fixtures/issued-from.ts";
import { manualIssuer } from "../identities.ts";
import { type RequestEvent, requestEvents } from "../request-events.ts";
import { summary, writesOf } from "../request-log.ts";
import { beginScripted } from "../serve-scripted.ts";
import type { TargetOf } from "../target.ts";

const day = 86_400_000;
const ca = newSelfSignedCa({
  commonName: "A PKI with a mind of its own",
  notBefore: new Date(Date.now() - 400 * day),
  notAfter: new Date(Date.now() + 400 * day),
});

/** What happens to a certificate that is not what was asked for. */
export function mismatchCases(target: TargetOf): void {
  describe("a certificate that differs from the request", () => {
    test.concurrent("is issued with one write, and one warning beside the event that it is issued", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "differs");
      await using issuer = await serve(async (asked) => issuedFrom(ca, asked, { durationSeconds: 3600 }));
      await scene.issuerCondition(manualIssuer, issuerRef, "True");
      await request("web");
      await scene.issued("web");
      const events = await eventually(
        target().patience,
        "both events",
        () => requestEvents(target().kube, "differs", "web"),
        ({ length }) => length >= 2,
      );
      const words = ({ type, reason, note }: RequestEvent) => ({ type, reason, note });
      expect(events.map(words).sort((a, b) => a.reason.localeCompare(b.reason))).toEqual([
        {
          type: "Warning",
          reason: "CertificateDiffers",
          note: "The certificate differs from the request. duration: requested 7776000s, issued 3600s",
        },
        { type: "Normal", reason: "Issued", note: "Succeeded signing the CertificateRequest" },
      ]);
      await issuer.stop();
      const writes = writesOf(await target().log(), manualIssuer, "differs").map(summary);
      expect(writes.filter((write) => !write.includes("softwarecaissuers")).sort()).toEqual([
        // One of them of the issuer, that it is ready.
        "create events 201",
        "create events 201",
        "create events 201",
        "patch certificaterequests/status web 200",
      ]);
    });

    test.concurrent("is refused where a name is in it that nobody has approved, unless the operator lets it", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "excess");
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, dnsNames: ["web.example.com"] });
      const more = parseCsr(await buildCsr({ key, dnsNames: ["web.example.com", "www.example.com"] }));
      const sign = async (asked: SignRequest) => issuedFrom(ca, asked, { csr: more });
      const strict = await serve(sign);
      await scene.issuerCondition(manualIssuer, issuerRef, "True");
      await request("web", { csr });
      const refused = await scene.untilReason("web", "Pending");
      expect(findCondition(refused, "Ready")?.message).toContain("nobody asked for: www.example.com");
      expect(refused.status?.certificate).toBeUndefined();
      await strict.stop();
      await using _ = await serve(sign, { excess: "warn" });
      await scene.issued("web");
    });

    test.concurrent("is refused where the PKI has issued it long before the request", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "old-certificate");
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, dnsNames: ["web.example.com"] });
      await using _ = await serve(async (asked) =>
        issuedFrom(ca, asked, { beginsMs: asked.name === "old" ? -2 * day : -day / 2 }),
      );
      await scene.issuerCondition(manualIssuer, issuerRef, "True");
      await request("old", { csr });
      const refused = await scene.untilReason("old", "Pending");
      expect(findCondition(refused, "Ready")?.message).toContain("cannot be older than");
      await request("back-dated", { csr });
      await scene.issued("back-dated");
    });
  });
}

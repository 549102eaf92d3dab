import { describe, expect, it } from "vitest";
import { signRequestFor } from "../testing/sign-request-for.ts";
import { newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { parseCertificates } from "./certificate.ts";
import { type CaProfile, issueFromCa } from "./issue-from-ca.ts";

const now = Date.now();
const ca = newSelfSignedCa({
  commonName: "CA",
  keyAlgorithm: { name: "Ed25519" },
  notBefore: new Date(now - 1_000),
  notAfter: new Date(now + 1_000 * 24 * 3_600_000),
  pathLength: 2,
});

async function issue(profile: CaProfile = {}, isCA = false, attemptId = "attempt") {
  const request = await signRequestFor({ commonName: "x", durationSeconds: 7_200, isCA, uid: "u" });
  const again = {
    request,
    attemptId,
    caChain: [ca.certificate],
    signer: softwareCaSigner(ca.key),
    profile,
    now: new Date(now),
  };
  const chains = [await issueFromCa(again), await issueFromCa(again)].map(({ chain }) => chain);
  const [leaf, parent] = parseCertificates(chains[0] ?? "");
  return { request, leaf, parent, same: chains[0] === chains[1] };
}

const seconds = (leaf: Awaited<ReturnType<typeof issue>>["leaf"]) =>
  leaf === undefined ? 0 : (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000;

describe("issueFromCa", () => {
  it("answers the same certificate for the same attempt, above its CA", async () => {
    const { request, leaf, parent, same } = await issue();
    expect(same).toBe(true);
    expect(parent?.sha256Hex).toBe(ca.certificate.sha256Hex);
    expect(leaf?.notBefore.getTime()).toBe(request.approvedAt * 1000);
    expect(seconds(leaf)).toBe(7_200);
    expect((await issue({}, false, "another")).leaf?.serialHex).not.toBe(leaf?.serialHex);
  });

  it("takes a serial number by chance where asked to", async () => {
    expect((await issue({ serial: "random" })).same).toBe(false);
  });

  it("shortens what lasts longer than the profile allows, and nothing else", async () => {
    expect(seconds((await issue({ maxDurationSeconds: 3_600 })).leaf)).toBe(3_600);
    expect(seconds((await issue({ maxDurationSeconds: 10_000 })).leaf)).toBe(7_200);
  });

  it("limits the path below CA certificates", async () => {
    expect((await issue({}, true)).leaf?.pathLength).toBe(1);
    expect((await issue({ maxPathLength: 0 }, true)).leaf?.pathLength).toBe(0);
    expect((await issue({ maxPathLength: 9 }, true)).leaf?.pathLength).toBe(1);
  });

  it("blames the issuer, not the request, for a CA that has expired", async () => {
    const request = await signRequestFor();
    const issuing = issueFromCa({
      request,
      attemptId: "a",
      caChain: [ca.certificate],
      signer: softwareCaSigner(ca.key),
      now: new Date(ca.certificate.notAfter.getTime() + 1_000),
    });
    await expect(issuing).rejects.toMatchObject({ code: "ISSUER", message: /expired/ });
  });
});

import { execFileSync } from "node:child_process";
import { type KeyAlgorithm, parseCertificates } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ejbca, startEjbca } from "../../../../test/rigs/ejbca/start-ejbca.ts";
import { failureOf } from "../connect-fixture.ts";
import { byOAuth, connectSimulator, judged } from "./connect-simulator.ts";

const serverUsages = ["digital signature", "key encipherment", "server auth"];

describe("at the simulator", () => {
  let ejbca: Ejbca;
  beforeAll(async () => {
    ejbca = await startEjbca();
  });
  beforeEach(() => {
    for (const role of [ejbca.role("issuer")]) role.members.add("CN=issuer").add("sub=issuer");
  });
  afterAll(async () => {
    const { defects } = ejbca;
    await ejbca.stop();
    expect(defects).toEqual([]);
  });

  test.each<[string, KeyAlgorithm]>([
    ["RSA 2048", { name: "RSA", modulusLength: 2048 }],
    ["RSA 3072", { name: "RSA", modulusLength: 3072 }],
    ["P-256", { name: "EC", curve: "P-256" }],
    ["P-384", { name: "EC", curve: "P-384" }],
  ])("a %s key with every kind of name: as asked", async (label, keyAlgorithm) => {
    await using signer = connectSimulator(ejbca);
    await signer.check();
    const host = `${label.toLowerCase().replace(" ", "-")}.example.com`;
    const request = await signRequestFor({
      ...{ keyAlgorithm, usages: serverUsages, commonName: host },
      dnsNames: [host, "*.example.com"],
      ipAddresses: ["10.0.0.1", "2001:db8::1"],
      uris: ["spiffe://example.com/x"],
      durationSeconds: 90 * 86_400,
    });
    const { chain, conditions } = await signer.sign(request);
    expect(judged(request, chain)).toMatchObject({ mismatches: [] });
    expect(parseCertificates(chain)).toHaveLength(3);
    expect(conditions).toBeUndefined();
  });

  test("cert-manager's empty subject is fine, and so is a second request under one name", async () => {
    await using signer = connectSimulator(ejbca, { ejbca: { endEntityName: "{namespace}.{certificate}" } });
    const annotations = { "cert-manager.io/certificate-name": "renewed" };
    for (let at = 0; at < 3; at += 1) {
      const request = await signRequestFor({
        annotations,
        commonName: "renewed.example.com",
        usages: serverUsages,
      });
      judged(request, (await signer.sign(request)).chain);
    }
    const mine = ejbca.ledger.entries.filter(({ username }) => username === "default.renewed");
    expect(mine).toHaveLength(3);
  });

  test("a renewal under another name meets the unique subject, and the message says what to do", async () => {
    await using signer = connectSimulator(ejbca);
    const commonName = "twice.example.com";
    await signer.sign({ commonName });
    const error = await failureOf(signer.sign({ commonName }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("endEntityName {namespace}.{certificate}");
  });

  test("a generated password makes a renewal impossible, and the message says what to do", async () => {
    await using signer = connectSimulator(ejbca, {
      ...{ client: "superadmin" },
      ejbca: { endEntityProfileName: "LabEEP", endEntityName: "{namespace}.{name}" },
    });
    await signer.sign({ name: "auto" });
    const error = await failureOf(signer.sign({ name: "auto" }));
    expect(error).toMatchObject({
      code: "REQUEST_REJECTED",
      message: expect.stringContaining("Auto-generated"),
    });
  });

  test("a token serves as well as a certificate, and one login serves many", async () => {
    await using signer = connectSimulator(ejbca, byOAuth(ejbca));
    const before = ejbca.oauth.requests.length;
    await signer.check();
    await Promise.all(Array.from({ length: 20 }, () => signer.sign()));
    expect(ejbca.oauth.requests.length - before).toBe(1);
    expect(ejbca.oauth.requests.at(-1)).toMatchObject({
      basic: true,
      grantType: "client_credentials",
      status: 200,
    });
  });

  test("a token that has expired meanwhile costs one login and no request", async () => {
    ejbca.oauth.expiresInSeconds = 1;
    await using signer = connectSimulator(ejbca, byOAuth(ejbca));
    const before = ejbca.oauth.requests.length;
    await signer.sign();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    ejbca.oauth.expiresInSeconds = 300;
    await Promise.all(Array.from({ length: 10 }, () => signer.sign()));
    expect(ejbca.oauth.requests.length - before).toBe(2);
  });

  test("URIs whose characters are replaced never come back, and fail at once", async () => {
    await using signer = connectSimulator(ejbca);
    const before = ejbca.ledger.entries.length;
    const error = await failureOf(signer.sign({ uris: ["spiffe://example.com/a?b=c"] }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED", message: expect.stringContaining("by a slash") });
    expect(ejbca.ledger.entries.length - before).toBe(1);
  });

  test("names without a subject that are not critical are told, with what to do about it", async () => {
    await using signer = connectSimulator(ejbca);
    expect((await signer.sign({ usages: serverUsages })).conditions).toMatchObject([
      { reason: "NamesNotCritical", message: expect.stringContaining("or set a commonName") },
    ]);
  });

  test("what else is rewritten is told: the order and the characters of the subject", async () => {
    await using signer = connectSimulator(ejbca);
    const request = await signRequestFor({ csr: organisationCsr("A;B") });
    const { mismatches } = judged(request, (await signer.sign(request)).chain);
    expect(mismatches.map(({ field }) => field)).toContain("subject");
  });

  test("an existing end entity is used once with its code", async () => {
    ejbca.endEntities.add({
      ...{ username: "payments", password: "foo123", endEntityProfile: "LabEEP-OneCA" },
      ...{ subjectDn: "CN=payments.example.com", dnsNames: ["payments.example.com"] },
    });
    const options = {
      ejbca: {
        mode: "existingEndEntity",
        endEntityName: "payments",
        enrollmentCodeSecretRef: { name: "code" },
      },
      secrets: { enrollmentCode: "foo123" },
    };
    const names = {
      commonName: "payments.example.com",
      dnsNames: ["payments.example.com"],
      usages: serverUsages,
    };
    await using wrong = connectSimulator(ejbca, { ...options, secrets: { enrollmentCode: "guess" } });
    expect(await failureOf(wrong.sign(names))).toMatchObject({ code: "REQUEST_REJECTED" });
    await using signer = connectSimulator(ejbca, options);
    const request = await signRequestFor(names);
    judged(request, (await signer.sign(request)).chain);
    const spent = await failureOf(signer.sign(names));
    expect(spent).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(spent.message).toContain("used up");
  });

  test("EJBCA 9.3.3 issues for as long as is asked, in the documented form", async () => {
    await using newer = await startEjbca({ revision: "EJBCA 9.3.3 Enterprise" });
    await using signer = connectSimulator(newer, {
      ...{ client: "superadmin" },
      ejbca: { certificateProfileName: "LabTLS-ValidityOverride", endEntityProfileName: "LabEEP-Password" },
    });
    const commonName = "week.example.com";
    const asked = { durationSeconds: 7 * 86_400, usages: serverUsages, commonName };
    const request = await signRequestFor({ ...asked, dnsNames: [commonName] });
    const { chain, conditions } = await signer.sign(request);
    expect(judged(request, chain).mismatches).toEqual([]);
    expect(conditions).toBeUndefined();
    await using without = connectSimulator(newer, {
      ...{ client: "superadmin" },
      ejbca: { endEntityProfileName: "LabEEP-Password" },
    });
    const day = { durationSeconds: 86_400, commonName: "day.example.com" };
    expect((await without.sign(day)).conditions).toMatchObject([
      { reason: "LifetimeDiffers", message: expect.stringContaining("lacks Allow Validity Override") },
    ]);
  });
});

/** OpenSSL's own, since the toolkit's CSRs have no organisation. */
function organisationCsr(organisation: string): string {
  const subject = `/C=SE/O=${organisation}/CN=${Date.now()}.example.com`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
  return execFileSync("openssl", ["req", ...key, "-subj", subject], { encoding: "utf8", stdio: "pipe" });
}

import { readFile } from "node:fs/promises";
import { parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePem } from "../../packages/signer/src/x509/pem.ts";
import { describeWithRigs, X509_ORACLE } from "../rigs/rigs.ts";
import { type CsrVerdict, startOracle, type X509Oracle } from "../rigs/x509-oracle.ts";
import { type CsrCase, csrCases } from "./csr-case.ts";
import { documentedRefusal, encodedOtherwise, laxer, stricter } from "./csr-differences.ts";
import { caForOracle, issueOurs, newOurCa } from "./issue-ours.ts";
import { unexpectedDifferences } from "./profile-differences.ts";

const casesOf = (differences: typeof stricter) => differences.flatMap(({ cases }) => cases);

describeWithRigs(X509_ORACLE, "requests, by this project and by cert-manager's own code", () => {
  const ca = newOurCa();
  let oracle: X509Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle?.[Symbol.asyncDispose]());

  const theirs = (asked: CsrCase, request: string): Promise<CsrVerdict> =>
    oracle.judgeCsr({
      request: Buffer.from(request, "latin1"),
      isCA: asked.isCA ?? false,
      usages: asked.usages,
      ca: caForOracle(ca),
    });
  const ours = ({ isCA = false, usages, unknownCriticalExtensions }: CsrCase, request: string) =>
    issueOurs(ca, { request, isCA, usages, unknownCriticalExtensions });
  const textOf = (asked: CsrCase): string => {
    const made = asked.request();
    return typeof made === "string" ? made : encodePem("CERTIFICATE REQUEST", made);
  };

  describe.each([
    ["refused by both, or issued by both alike", csrCases.filter(({ name }) => !isDifference(name))],
    ["issued by cert-manager alone", csrCases.filter(({ name }) => casesOf(stricter).includes(name))],
    ["issued by this project alone", csrCases.filter(({ name }) => casesOf(laxer).includes(name))],
  ])("%s", (_title, cases) => {
    test.each(cases)("$name", async (asked) => {
      const request = textOf(asked);
      const verdict = await theirs(asked, request);
      const issues = asked.ours === "issued";
      const theyIssue = isDifference(asked.name) ? !issues : issues;
      expect(verdict).toMatchObject({ stage: theyIssue ? "issued" : expect.stringMatching(/template|sign/) });
      if (asked.ours !== "issued") {
        const refusal = await ours(asked, request).catch((error: Error) => error);
        expect(refusal).toMatchObject({ message: expect.stringMatching(asked.ours) });
        const group = stricter.find(({ cases }) => cases.includes(asked.name));
        if (group !== undefined) expect(documentedRefusal(String(refusal))).toBe(group.documented);
        return;
      }
      const certificate = await ours(asked, request);
      if (verdict.stage !== "issued") return;
      const differences = unexpectedDifferences(certificate, parseCertificate(verdict.certificate));
      expect(differences).toHaveLength(casesOf(encodedOtherwise).includes(asked.name) ? 1 : 0);
    });
  });

  test("differ in what the page says and in nothing else", async () => {
    const page = await readFile(new URL("../../docs/concepts/x509.md", import.meta.url), "utf8");
    const flat = page.replace(/\s+/g, " ");
    for (const { documented } of [...stricter, ...laxer, ...encodedOtherwise])
      expect(flat).toContain(documented);
    const names = csrCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const listed = [stricter, laxer, encodedOtherwise].flatMap(casesOf);
    expect(names).toEqual(expect.arrayContaining(listed));
    expect(new Set(listed).size).toBe(listed.length);
    for (const { name, ours } of csrCases)
      if (casesOf(stricter).includes(name)) expect(ours).toBeInstanceOf(RegExp);
  });
});

function isDifference(name: string): boolean {
  return casesOf(stricter).includes(name) || casesOf(laxer).includes(name);
}

import { parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRigs, X509_ORACLE } from "../rigs/rigs.ts";
import { startOracle, type X509Oracle } from "../rigs/x509-oracle.ts";
import { buildCorpus, type Specimen } from "./certificate-corpus.ts";
import * as values from "./corpus-values.ts";
import { lintNoise } from "./lint-noise.ts";
import { unexpectedDifferences } from "./profile-differences.ts";

const OPENSSL_AT_ONCE = 4;

describeWithRigs(X509_ORACLE, "certificates of every kind", () => {
  let oracle: X509Oracle;
  let corpus: readonly Specimen[];
  beforeAll(async () => {
    [oracle, corpus] = await Promise.all([startOracle(), buildCorpus()]);
  });
  afterAll(() => oracle?.[Symbol.asyncDispose]());

  test("are more than 300, every choice among them", () => {
    expect(corpus.length).toBeGreaterThan(300);
    const chosen = (choice: keyof Specimen["choices"]) =>
      new Set(corpus.map(({ choices }) => choices[choice]));
    expect(chosen("key")).toEqual(new Set(Object.keys(values.keyAlgorithms)));
    expect(chosen("names")).toEqual(new Set(Object.keys(values.names)));
    expect(chosen("subject")).toEqual(new Set(Object.keys(values.subjects)));
    expect(chosen("usages")).toEqual(
      new Set([...Object.keys(values.usages), ...Object.keys(values.caUsages)]),
    );
    expect(chosen("end")).toEqual(new Set(Object.keys(values.ends)));
    expect(chosen("additions")).toEqual(new Set(Object.keys(values.additions)));
  });

  test("have nothing that zlint and pkilint object to but what lint-noise.ts says, and all of that", async () => {
    const heard = new Set<string>();
    const objections = await Promise.all(
      corpus.map(async (specimen) => {
        const findings = await oracle.lint(specimen.certificate.der, specimen.issuer.der);
        return findings
          .filter(({ severity }) => ["warning", "error", "fatal"].includes(severity))
          .filter(({ linter, code }) => {
            const noise = lintNoise.find((each) => each.linter === linter && each.code === code);
            if (noise?.where(specimen)) heard.add(code);
            return !noise?.where(specimen);
          })
          .map((finding) => ({ ...finding, specimen: describeSpecimen(specimen) }));
      }),
    );
    expect(objections.flat()).toEqual([]);
    expect(heard).toEqual(new Set(lintNoise.map(({ code }) => code)));
  });

  test("of the roots have nothing that the linters object to", async () => {
    for (const { der } of new Set(
      corpus.map(({ issuer }) => issuer).filter(({ isSelfSigned }) => isSelfSigned),
    )) {
      const findings = await oracle.lint(der);
      expect(findings.filter(({ severity }) => severity !== "info" && severity !== "notice")).toEqual([]);
    }
  });

  test("are verified by Go and by OpenSSL, strictly, for what they are for", async () => {
    const refusals: string[] = [];
    const queue = corpus.values();
    const verifyAll = async (): Promise<void> => {
      for (const specimen of queue)
        for (const { verifier, valid, message } of await oracle.verify(specimen.chain))
          if (valid !== canVerify(verifier, specimen))
            refusals.push(`${verifier}: ${describeSpecimen(specimen)}: ${message}`);
    };
    await Promise.all(Array.from({ length: OPENSSL_AT_ONCE }, verifyAll));
    expect(refusals).toEqual([]);
  });

  test("are cert-manager's byte for byte, but for what docs/concepts/x509.md says", async () => {
    let compared = 0;
    const differences = await Promise.all(
      corpus.filter(isWithinCertManager).map(async (specimen) => {
        const verdict = await oracle.judgeCsr(specimen.asked);
        if (verdict.stage !== "issued") return [`${describeSpecimen(specimen)}: ${verdict.message}`];
        compared += 1;
        return unexpectedDifferences(specimen.certificate, parseCertificate(verdict.certificate))
          .filter((line) => !isDocumented(line, specimen))
          .map((line) => `${describeSpecimen(specimen)}: ${line}`);
      }),
    );
    expect(differences.flat()).toEqual([]);
    expect(compared).toBeGreaterThan(200);
    const shortened = corpus.filter(isPathShortened).map(({ certificate }) => certificate.pathLength);
    expect(new Set(shortened)).toEqual(new Set([0]));
  });
});

/** Whether docs/concepts/x509.md has the difference. */
function isDocumented(line: string, specimen: Specimen): boolean {
  return (
    (line.startsWith("extension 2.5.29.19:") && isPathShortened(specimen)) ||
    (line.startsWith("extension 2.5.29.32:") && specimen.choices.additions === "two policies") ||
    (line.startsWith("extension 2.5.29.35:") && hasNameOfIssuer(specimen))
  );
}

/** A CA below one whose path is limited. */
function isPathShortened({ certificate, issuer }: Specimen): boolean {
  return certificate.isCA && issuer.pathLength !== undefined;
}

function hasNameOfIssuer({ certificate, issuer }: Specimen): boolean {
  return Buffer.compare(certificate.subjectDer, issuer.subjectDer) === 0;
}

/** Go has no keys under id-RSASSA-PSS: it neither verifies by them nor signs with them nor takes requests of them. */
function canVerify(verifier: "go" | "openssl", { choices }: Specimen): boolean {
  return verifier === "openssl" || !/RSA-PSS/.test(choices.ca);
}

function isWithinCertManager({ choices }: Specimen): boolean {
  return ![choices.ca, choices.key].some((name) => /PSS/.test(name));
}

function describeSpecimen({ choices, certificate }: Specimen): string {
  return `${certificate.isCA ? "CA" : "leaf"}: ${Object.values(choices).join(", ")}`;
}

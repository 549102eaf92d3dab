import { readFile } from "node:fs/promises";
import { PermanentError, parseCertificate, parseCsr, type X509 } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import { describeWithRigs, X509_ORACLE } from "../rigs/rigs.ts";
import { startOracle } from "../rigs/x509-oracle.ts";
import { documentedRefusal } from "./csr-differences.ts";
import { caForOracle, issueOurs, newOurCa } from "./issue-ours.ts";
import { CsrMutator, type MutatedRequest } from "./mutate-csr.ts";
import { unexpectedDifferences } from "./profile-differences.ts";
import { Random } from "./random.ts";

const seed = Number(process.env.COUNTERSIGN_X509_FUZZ_SEED ?? 20_261_124);
const runs = Number(process.env.COUNTERSIGN_X509_FUZZ_RUNS ?? 20_000);
const BATCH = 500;
/** Some ten times what an idle machine takes. */
const MS_PER_RUN = 10;

describeWithRigs(X509_ORACLE, `mutated requests (seed ${seed})`, () => {
  test(
    `are issued as cert-manager issues them, or refused for a documented reason: ${runs} of them`,
    async () => {
      await using oracle = await startOracle();
      const ca = newOurCa();
      const oracleCa = caForOracle(ca);
      const mutator = new CsrMutator(new Random(seed));
      const counts = { "both issued": 0, "both refused": 0, stricter: 0 };
      const reasons = new Map<string, number>();

      const judge = async (mutant: MutatedRequest): Promise<void> => {
        const theirs = oracle.judgeCsr({
          ...mutant,
          request: Buffer.from(mutant.request, "latin1"),
          ca: oracleCa,
        });
        const ours = await issueOurs(ca, mutant).catch((error: Error) => error);
        const verdict = await theirs;
        const story = () => JSON.stringify({ ...mutant, verdict: { ...verdict, certificate: undefined } });
        if (ours instanceof Error) {
          // Anything else, BadCertificateError above all, would be a fault of this project's own.
          expect(ours, story()).toBeInstanceOf(PermanentError);
          if (verdict.stage !== "issued") {
            counts["both refused"] += 1;
            return;
          }
          const reason = documentedRefusal(ours.message);
          expect(reason, `undocumented: ${ours.message}\n${story()}`).toBeDefined();
          counts.stricter += 1;
          reasons.set(reason ?? "", (reasons.get(reason ?? "") ?? 0) + 1);
          return;
        }
        if (verdict.stage !== "issued") throw new Error(`issued by this project alone: ${story()}`);
        counts["both issued"] += 1;
        expect(surprises(mutant.request, ours, parseCertificate(verdict.certificate)), story()).toEqual([]);
      };
      for (let done = 0; done < runs; done += BATCH)
        await Promise.all(Array.from({ length: Math.min(BATCH, runs - done) }, () => judge(mutator.next())));

      console.log(`mutated requests: ${JSON.stringify({ ...counts, reasons: Object.fromEntries(reasons) })}`);
      // A mutator that yields only one kind proves nothing of the others.
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(runs / 50);
      const page = await readFile(new URL("../../docs/concepts/x509.md", import.meta.url), "utf8");
      for (const reason of reasons.keys()) expect(page.replace(/\s+/g, " ")).toContain(reason);
    },
    Math.max(120_000, runs * MS_PER_RUN),
  );
});

/** The differences beyond what docs/concepts/x509.md says of repeated usages and name constraints. */
function surprises(request: string, ours: X509, theirs: X509): string[] {
  const { extendedKeyUsage = [], nameConstraintsDer } = parseCsr(request);
  const repeats = new Set(extendedKeyUsage).size < extendedKeyUsage.length;
  return unexpectedDifferences(ours, theirs).filter(
    (line) =>
      !(repeats && line.startsWith("extension 2.5.29.37:")) &&
      !(nameConstraintsDer !== undefined && line.startsWith("extension 2.5.29.30:")),
  );
}

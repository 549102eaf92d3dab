import { IssuerError } from "@countersign/issuer-signer";
import type { z } from "zod";

/** At most this many problems are named: a status is read by people. */
const maxProblems = 5;

/**
 * Parses the `spec` of an issuer object with the definition's schema, which also fills in defaults that an older CRD
 * did not know.
 *
 * @throws IssuerError that names the fields and what is wrong with each.
 */
export function parseSpec(schema: z.ZodObject, spec: unknown): Record<string, unknown> {
  const result = schema.safeParse(spec ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, maxProblems)
    .map((problem) => `spec.${problem.path.map(String).join(".")}: ${problem.message}`);
  throw new IssuerError(`The issuer's spec is not valid. ${problems.join("; ")}`);
}

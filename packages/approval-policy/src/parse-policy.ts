import { quoted } from "@countersign/issuer-signer";
import type { z } from "zod";
import { additionsAnnotation, type PolicyAdditions, policyAdditions } from "./additions.ts";
import { type Rule, RuleCompiler } from "./cel/rules.ts";
import { type PolicySpec, policyObject, type ValidationRule } from "./policy-schema.ts";

/** A policy ready to be evaluated. */
export interface Policy {
  readonly name: string;
  readonly spec: PolicySpec;
  readonly additions: PolicyAdditions;
  /** The compiled rules of the spec by their source. */
  readonly rules: ReadonlyMap<string, Rule>;
}

/** One thing wrong with a policy: where, and what is expected there. */
export interface PolicyProblem {
  readonly path: string;
  readonly expected: string;
}

/** The object is no policy that can be evaluated; `problems` names every reason, the message the first few. */
export class InvalidPolicyError extends Error {
  override readonly name = "InvalidPolicyError";
  readonly problems: readonly PolicyProblem[];

  constructor(policy: string, problems: readonly PolicyProblem[]) {
    const shown = problems
      .slice(0, 3)
      .map(({ path, expected }) => `${path.slice(0, 120)} ${expected.slice(0, 180)}`);
    const more = problems.length > 3 ? ` and ${problems.length - 3} more` : "";
    super(`the policy ${quoted(policy)} cannot be used: ${shown.join("; ")}${more}; correct it`);
    this.problems = problems;
  }
}

/**
 * Reads a CertificateRequestPolicy as a cluster or a YAML file has it, and compiles its rules. Many policies share one
 * `compiler`.
 * @throws InvalidPolicyError
 */
export function parsePolicy(object: unknown, compiler: RuleCompiler = new RuleCompiler()): Policy {
  const parsed = policyObject.safeParse(withoutNulls(object));
  if (!parsed.success) throw new InvalidPolicyError(nameOf(object), problemsOf(parsed.error));
  const { metadata, spec } = parsed.data;
  const additions = readAdditions(metadata.annotations?.[additionsAnnotation]);
  const rules = new Map<string, Rule>();
  const problems = [...additions.problems];
  for (const [path, { rule }] of rulesOf(spec)) {
    try {
      rules.set(rule, rules.get(rule) ?? compiler.compile(rule));
    } catch (error) {
      problems.push({ path, expected: `must be a rule: ${oneLine(error)}` });
    }
  }
  if (problems.length > 0) throw new InvalidPolicyError(metadata.name, problems);
  return { name: metadata.name, spec, additions: additions.value, rules };
}

/** A field of null is one that is left out, as the API server stores it and Go writes it. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}

function readAdditions(text: string | undefined): {
  readonly value: PolicyAdditions;
  readonly problems: readonly PolicyProblem[];
} {
  const path = `metadata.annotations[${additionsAnnotation}]`;
  const none = policyAdditions.parse({});
  if (text === undefined) return { value: none, problems: [] };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { value: none, problems: [{ path, expected: "must be JSON" }] };
  }
  const parsed = policyAdditions.safeParse(json);
  return parsed.success
    ? { value: parsed.data, problems: [] }
    : { value: none, problems: problemsOf(parsed.error, path) };
}

function rulesOf(spec: PolicySpec): (readonly [path: string, rule: ValidationRule])[] {
  const { subject, ...others } = spec.allowed ?? {};
  const { otherAttributes, ...attributes } = subject ?? {};
  return [
    ...rulesIn("spec.allowed", others),
    ...rulesIn("spec.allowed.subject", { ...attributes, otherAttributes }),
  ];
}

/** Rules of fields and of lists of fields; anything else has none. */
function rulesIn(path: string, fields: object): (readonly [path: string, rule: ValidationRule])[] {
  return Object.entries(fields).flatMap(([name, field]: [string, unknown]) => {
    const entries = Array.isArray(field)
      ? field.map((entry: unknown, index) => [`${path}.${name}[${index}]`, entry] as const)
      : [[`${path}.${name}`, field] as const];
    return entries.flatMap(([at, entry]) => {
      const { validations = [] } = (typeof entry === "object" ? entry : {}) as {
        readonly validations?: readonly ValidationRule[];
      };
      return validations.map((rule, index) => [`${at}.validations[${index}].rule`, rule] as const);
    });
  });
}

function problemsOf(error: z.ZodError, root = ""): PolicyProblem[] {
  return error.issues.map(({ path, message }) => ({
    path: pathText(root, path),
    expected: oneLine({ message }),
  }));
}

function pathText(root: string, path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (before, key) => (typeof key === "number" ? `${before}[${key}]` : `${before}.${String(key)}`),
    root,
  );
  return text.replace(/^\./, "") || "the object";
}

function oneLine(error: unknown): string {
  const { message } = error as { readonly message?: unknown };
  return String(message).replace(/\s+/g, " ").slice(0, 300);
}

function nameOf(object: unknown): string {
  const { metadata } = (object ?? {}) as { readonly metadata?: { readonly name?: unknown } };
  return typeof metadata?.name === "string" ? metadata.name : "without name";
}

import { type CelEnv, CelScalar, celEnv, celFunc, isCelError, mapType, parse, plan } from "@bufbuild/cel";
import { RE2JS } from "@bufbuild/re2";
import { checkTypes } from "./check-types.ts";
import { CostLimitError, Meter } from "./meter.ts";
import { costOf, meteredExpr } from "./metered-expr.ts";
import { numberFunctions } from "./number-functions.ts";
import { serviceAccountFunctions } from "./service-account.ts";
import { stringFunctions } from "./string-functions.ts";
import { typeText } from "./types.ts";

/** What a rule sees of the request as `cr`. */
export interface RuleRequest {
  readonly name: string;
  readonly namespace: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** What the rules of one policy may still cost for one request, over all values; each evaluation takes from it. */
export interface RuleBudget {
  left: number;
}

/** A compiled rule: whether the value passes. Throws an Error of one line where there is no answer. */
export type Rule = (self: string, cr: RuleRequest, budget?: RuleBudget) => boolean;

/** Bounds on rules. */
export interface RuleLimits {
  /** Cost of one evaluation, in units like cel-go's. */
  readonly cost: number;
  /** Characters of a rule. */
  readonly length: number;
  /** Brackets within brackets. */
  readonly nesting: number;
  /** Characters of a regular expression. */
  readonly pattern: number;
}

/** A rule over one name costs some tens of units; 100,000 end within about a tenth of a second. */
export const defaultRuleLimits: RuleLimits = Object.freeze({
  cost: 100_000,
  length: 4096,
  nesting: 24,
  pattern: 512,
});

/** Units for all values and rules of a policy: some thousand names, or ten evaluations that reach the limit of one. */
export const policyRuleCost = 1_000_000;

const patternsKept = 256;
const { BOOL, DYN, STRING } = CelScalar;

/** Compiles rules of approver-policy's CEL environment. Regular expressions are RE2: linear in the text. */
export class RuleCompiler {
  readonly #limits: RuleLimits;
  readonly #meter = new Meter();
  readonly #patterns = new Map<string, RE2JS>();
  readonly #env: CelEnv;

  constructor(limits: RuleLimits = defaultRuleLimits) {
    this.#limits = limits;
    this.#env = celEnv({
      variables: { self: STRING, cr: mapType(STRING, DYN) },
      funcs: [
        costOf(this.#meter),
        ...stringFunctions(this.#meter),
        ...numberFunctions,
        ...serviceAccountFunctions,
        celFunc("matches", [STRING, STRING], BOOL, (text, pattern) => this.#pattern(pattern).test(text)),
      ],
      re2: { compile: (pattern) => this.#pattern(pattern) },
    }) as unknown as CelEnv;
  }

  /** Throws an Error of one line for an expression that does not parse, names what is not there or is no bool. */
  compile(source: string): Rule {
    const { length, nesting } = this.#limits;
    if (source.length > length)
      throw new Error(`the rule has ${source.length} characters, at most ${length} are taken`);
    if (deepest(source) > nesting) throw new Error(`the rule nests deeper than ${nesting} brackets`);
    if (source.trim() === "")
      throw new Error(
        "the rule is empty; in YAML, quote a rule that starts with !, which is a tag otherwise",
      );
    // The parser wants the end of a line after a comment.
    const parsed = parse(`${source}\n`);
    const type = checkTypes(parsed.expr);
    if (type.name !== "bool" && type.name !== "dyn")
      throw new Error(`the rule answers ${typeText(type)}, not bool`);
    if (parsed.expr === undefined) throw new Error("the rule is empty");
    const program = plan(this.#env, meteredExpr(parsed.expr));
    const meter = this.#meter;
    return (self, cr, budget = { left: this.#limits.cost }) => {
      const limit = Math.min(this.#limits.cost, budget.left);
      meter.reset(limit);
      const result = program({ self, cr: new Map(Object.entries(cr)) } as never);
      budget.left = Math.max(0, budget.left - meter.spent);
      if (meter.exhausted)
        throw new CostLimitError(`the rule costs more than the ${Math.floor(limit)} units left`);
      if (isCelError(result)) throw new Error(result.message);
      if (typeof result !== "boolean") throw new Error("the rule answered no bool");
      return result;
    };
  }

  #pattern(source: string): { test(text: string): boolean } {
    if (source.length > this.#limits.pattern)
      throw new Error(
        `the pattern has ${source.length} characters, at most ${this.#limits.pattern} are taken`,
      );
    let pattern = this.#patterns.get(source);
    if (pattern === undefined) {
      const [oldest] = this.#patterns.keys();
      if (this.#patterns.size >= patternsKept && oldest !== undefined) this.#patterns.delete(oldest);
      this.#meter.charge(source.length * 10);
      pattern = new RE2JS(source);
      this.#patterns.set(source, pattern);
    }
    const compiled = pattern;
    return {
      test: (text) => {
        this.#meter.charge((source.length * text.length) / 50);
        return compiled.test(text);
      },
    };
  }
}

/** Brackets within brackets, those in texts included. */
function deepest(source: string): number {
  let depth = 0;
  let most = 0;
  for (const character of source) {
    if ("([{".includes(character)) most = Math.max(most, ++depth);
    else if (")]}".includes(character)) depth -= 1;
  }
  return most;
}

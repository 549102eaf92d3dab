import { labelKeyProblems, labelValueProblems } from "../registry/qualified-name.ts";
import { badRequest } from "../status-error.ts";
import { type LabelToken, type LabelTokenKind, lexLabels } from "./label-lexer.ts";

/** Labels of an object. */
export type Labels = { readonly [key: string]: string };

type Requirement = (labels: Labels) => boolean;

const OPERATORS = ["in", "notin", "=", "==", "!=", "gt", "lt"];

/** Parses a label selector (`a=b,c!=d,e in (f,g),!h`) into a test; undefined when it selects everything. */
export function parseLabelSelector(text: string): Requirement | undefined {
  const requirements = new Parser(lexLabels(text)).parse();
  if (requirements.length === 0) return undefined;
  return (labels) => requirements.every((requirement) => requirement(labels));
}

/** Reads tokens with the grammar and the error texts of apimachinery's selector parser. */
class Parser {
  readonly #tokens: readonly LabelToken[];
  #position = 0;

  constructor(tokens: readonly LabelToken[]) {
    this.#tokens = tokens;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (true) {
      const { kind, text } = this.#peek();
      if (kind === "end") return requirements;
      if (kind !== "identifier" && kind !== "!") {
        throw badRequest(`found '${text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator.kind === "end") return requirements;
      if (separator.kind !== ",")
        throw badRequest(`found '${separator.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.kind !== "identifier" && next.kind !== "!") {
        throw badRequest(`found '${next.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek().kind === "!" && this.#take() !== undefined;
    const key = this.#take();
    if (key.kind !== "identifier") throw unparsable(`found '${key.text}', expected: identifier`);
    const name = key.text;
    const after = this.#peek().kind;
    if (negated || after === "end" || after === ",") {
      requireLabel(name, []);
      return (labels) => Object.hasOwn(labels, name) !== negated;
    }
    return this.#comparison(name);
  }

  #comparison(key: string): Requirement {
    const operator = this.#take(false);
    switch (operator.kind) {
      case "in":
      case "notin": {
        const values = this.#values();
        requireLabel(key, values);
        if (operator.kind === "in")
          return (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? "");
        return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? "");
      }
      case "=":
      case "==":
      case "!=": {
        const value = this.#value();
        requireLabel(key, [value]);
        if (operator.kind === "!=") return (labels) => !Object.hasOwn(labels, key) || labels[key] !== value;
        return (labels) => Object.hasOwn(labels, key) && labels[key] === value;
      }
      case ">":
      case "<": {
        const value = this.#value();
        requireLabel(key, []);
        requireInteger(value);
        const bound = Number(value);
        const isGreater = operator.kind === ">";
        return (labels) =>
          Object.hasOwn(labels, key) &&
          (isGreater ? Number(labels[key]) > bound : Number(labels[key]) < bound);
      }
      default:
        throw unparsable(`found '${operator.text}', expected: ${OPERATORS.join(", ")}`);
    }
  }

  #value(): string {
    const next = this.#peek();
    if (next.kind === "end" || next.kind === ",") return "";
    this.#take();
    if (next.kind !== "identifier") throw unparsable(`found '${next.text}', expected: identifier`);
    return next.text;
  }

  #values(): ReadonlySet<string> {
    const open = this.#take();
    if (open.kind !== "(") throw unparsable(`found '${open.text}' expected: '('`);
    if (this.#peek().kind === ")") {
      this.#take();
      return new Set([""]);
    }
    const values = new Set<string>();
    while (true) {
      const { kind, text } = this.#take();
      if (kind === ")") return values;
      if (kind === ",") {
        // An empty value: nothing before the first comma, or between this one and what follows.
        if (values.size === 0 || this.#peek().kind === "," || this.#peek().kind === ")") values.add("");
      } else if (kind === "identifier") {
        values.add(text);
        const next = this.#peek();
        if (next.kind !== "," && next.kind !== ")")
          throw unparsable(`found '${next.text}', expected: ',' or ')'`);
      } else throw unparsable(`found '${text}', expected: ',', or identifier`);
    }
  }

  #peek(asValue = true): LabelToken {
    const token = this.#tokens[this.#position] ?? { kind: "end" as LabelTokenKind, text: "" };
    return asValue && (token.kind === "in" || token.kind === "notin")
      ? { kind: "identifier", text: token.text }
      : token;
  }

  #take(asValue = true): LabelToken {
    const token = this.#peek(asValue);
    this.#position += 1;
    return token;
  }
}

/** Key and values must be such that a label could have them. */
function requireLabel(key: string, values: Iterable<string>): void {
  const [keyProblem] = labelKeyProblems(key);
  if (keyProblem !== undefined)
    throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyProblem}`);
  [...values].sort().forEach((value, index) => {
    const [problem] = labelValueProblems(value);
    if (problem !== undefined)
      throw unparsable(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  });
}

function requireInteger(value: string): void {
  if (/^[+-]?\d+$/.test(value)) return;
  const why = "for 'Gt', 'Lt' operators, the value must be an integer";
  throw unparsable(`values[0]: Invalid value: ${JSON.stringify(value)}: ${why}`);
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

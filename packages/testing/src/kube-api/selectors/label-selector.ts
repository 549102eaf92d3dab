import { badRequest } from "../status-error.ts";

/** Labels of an object. */
export type Labels = { readonly [key: string]: string };

type Requirement = (labels: Labels) => boolean;

const KEY = "[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?";
const VALUE = "(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?";
const EQUALITY = new RegExp(`^\\s*(${KEY})\\s*(=|==|!=)\\s*(${VALUE})\\s*$`);
const SET = new RegExp(`^\\s*(${KEY})\\s+(in|notin)\\s*\\(([^)]*)\\)\\s*$`);
const EXISTS = new RegExp(`^\\s*(!?)\\s*(${KEY})\\s*$`);
const COMPARISON = new RegExp(`^\\s*(${KEY})\\s*([<>])\\s*(-?\\d+)\\s*$`);

/** Parses a label selector (`a=b,c!=d,e in (f,g),!h`) into a test; undefined when it selects everything. */
export function parseLabelSelector(text: string): Requirement | undefined {
  if (text.trim() === "") return undefined;
  const requirements = splitOutsideParentheses(text).map((part) => parseRequirement(part, text));
  return (labels) => requirements.every((requirement) => requirement(labels));
}

function parseRequirement(part: string, whole: string): Requirement {
  const equality = EQUALITY.exec(part);
  if (equality) {
    const [, key = "", operator, value = ""] = equality;
    return operator === "!=" ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const set = SET.exec(part);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return operator === "in"
      ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? "")
      : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? "");
  }
  const comparison = COMPARISON.exec(part);
  if (comparison) {
    const [, key = "", operator, bound] = comparison;
    const compare = (value: number) => (operator === ">" ? value > Number(bound) : value < Number(bound));
    return (labels) => Object.hasOwn(labels, key) && compare(Number(labels[key]));
  }
  const exists = EXISTS.exec(part);
  if (exists) {
    const [, not, key = ""] = exists;
    return (labels) => Object.hasOwn(labels, key) === (not === "");
  }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(whole)} is not a valid label selector`);
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === "(") depth += 1;
    else if (text[index] === ")") depth -= 1;
    else if (text[index] === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

import { isObject } from "../json.ts";

/** A member's name with its colon: text in a JSON document is followed by a colon nowhere else. */
const NAME = /"(?:[^"\\]|\\.)*"(?=\s*:)/g;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** An object or array that the scan is inside of. */
interface Level {
  readonly path: string;
  readonly names: Set<string>;
  readonly isArray: boolean;
  child: string;
  index: number;
}

/** Paths of the members that a JSON document gives more than once, in order; `value` is the document parsed. */
export function duplicateFields(text: string, value: unknown): readonly string[] {
  const written = text.match(NAME)?.length ?? 0;
  return written === countNames(value) ? [] : scan(text);
}

function countNames(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children = Object.values(value);
  const own = isObject(value) ? children.length : 0;
  return children.reduce((sum: number, child) => sum + countNames(child), own);
}

function scan(text: string): readonly string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === "{" || token === "[") {
      const path = level ? (level.isArray ? `${level.path}[${level.index}]` : level.child) : "";
      levels.push({ path, names: new Set(), isArray: token === "[", child: "", index: 0 });
    } else if (token === "}" || token === "]") levels.pop();
    else if (token === ",") {
      if (level) level.index += 1;
    } else if (level && !level.isArray && /^\s*:/.test(text.slice(index + token.length))) {
      const name = JSON.parse(token) as string;
      level.child = level.path === "" ? name : `${level.path}.${name}`;
      if (level.names.has(name)) found.push(level.child);
      level.names.add(name);
    }
  }
  return [...new Set(found)];
}

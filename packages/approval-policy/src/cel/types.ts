/** A type of CEL as approver-policy's environment has them; `dyn` is any of them. Lists and maps carry their parts. */
export interface CelTypeName {
  readonly name:
    | "bool"
    | "bytes"
    | "double"
    | "duration"
    | "dyn"
    | "int"
    | "list"
    | "map"
    | "null"
    | "request"
    | "serviceAccount"
    | "string"
    | "timestamp"
    | "type"
    | "uint";
  readonly parts: readonly CelTypeName[];
}

/** The type of a word such as `string` or `list(string)`. */
export function typeOf(word: string): CelTypeName {
  const [, name = word, inner] = /^(\w+)\((.*)\)$/.exec(word) ?? [];
  const parts = inner === undefined ? [] : inner.split(";").map(typeOf);
  return { name: name as CelTypeName["name"], parts };
}

/** The type that both are, `dyn` yielding to the other; undefined where a value cannot be both. */
export function unify(a: CelTypeName, b: CelTypeName): CelTypeName | undefined {
  if (a.name === "dyn") return b;
  if (b.name === "dyn") return a;
  if (a.name !== b.name) return undefined;
  const parts: CelTypeName[] = [];
  for (const [index, part] of a.parts.entries()) {
    const both = unify(part, b.parts[index] ?? dyn);
    if (both === undefined) return undefined;
    parts.push(both);
  }
  return { name: a.name, parts };
}

/** As an author of rules reads it. */
export function typeText({ name, parts }: CelTypeName): string {
  return parts.length === 0 ? name : `${name}(${parts.map(typeText).join(", ")})`;
}

/** Any type. */
export const dyn: CelTypeName = Object.freeze({ name: "dyn", parts: [] });

import { type CelTypeName, typeText } from "./types.ts";

/** What each placeholder prints; `s` prints everything but accounts and the request itself. */
const printable: Readonly<Record<string, readonly CelTypeName["name"][]>> = Object.freeze({
  b: ["bool", "int", "uint"],
  d: ["int", "uint"],
  e: ["double", "string"],
  f: ["double", "string"],
  o: ["int", "uint"],
  X: ["bytes", "int", "string", "uint"],
  x: ["bytes", "int", "string", "uint"],
});

/** Checks a literal template against the types of its literal list, as cel-go does. Throws an Error of one line. */
export function checkFormat(template: string, types: readonly CelTypeName[]): void {
  let used = 0;
  for (const [placeholder, , verb = ""] of template.matchAll(/%(%|(?:\.\d+)?(.)?)/gsu)) {
    if (placeholder === "%%") continue;
    const type = types[used];
    used += 1;
    if (type === undefined) throw new Error(`format has no value for ${placeholder}`);
    if (!Object.hasOwn(printable, verb) && verb !== "s") throw new Error(`format knows no ${placeholder}`);
    const prints =
      verb === "s"
        ? !["request", "serviceAccount"].includes(type.name)
        : printable[verb]?.includes(type.name);
    if (prints !== true && type.name !== "dyn")
      throw new Error(`format prints no ${typeText(type)} as ${placeholder}`);
  }
  if (used < types.length) throw new Error(`format has ${types.length} values for ${used} placeholders`);
}

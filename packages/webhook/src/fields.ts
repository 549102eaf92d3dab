type Json = Record<string, unknown>;

/** The value at a dotted path of a JSON object; undefined where there is none. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json;
  for (const name of path.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Sets the value at a dotted path, and makes the objects on the way. What is in the way is replaced. */
export function setAt(json: Json, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop() ?? "";
  let at = json;
  for (const name of names) {
    const next = Object.hasOwn(at, name) ? at[name] : undefined;
    const inner = isObject(next) ? next : {};
    define(at, name, inner);
    at = inner;
  }
  define(at, last, value);
}

/** An assignment to `__proto__` would set the prototype instead. */
function define(at: Json, name: string, value: unknown): void {
  Object.defineProperty(at, name, { value, enumerable: true, writable: true, configurable: true });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

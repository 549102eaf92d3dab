/** A JSON object whose fields are not yet known. */
export type JsonObject = { [key: string]: unknown };

/** True for a JSON object: not an array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field of `value` when `value` is an object, else undefined. */
export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The value at a path of object fields, undefined as soon as one is missing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) current = field(current, name);
  return current;
}

/** The string at a path, undefined when it is missing or not a string. */
export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The array at a path, empty when it is missing or not an array. */
export function arrayAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/**
 * Structural equality of two JSON values. Shared subtrees compare in constant time, which is what makes
 * comparing an object with its own updated copy cheap.
 */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => deepEqual(item, right[index]));
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && deepEqual((left as JsonObject)[key], (right as JsonObject)[key]),
  );
}

/** A copy of `object` without the field, or `object` itself when it has no such field. */
export function without<T extends JsonObject>(object: T, name: string): T {
  if (!Object.hasOwn(object, name)) return object;
  const { [name]: _removed, ...rest } = object;
  return rest as T;
}

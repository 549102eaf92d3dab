import { deepEqual, isObject } from "../json.ts";
import { badRequest, StatusError } from "../status-error.ts";

/** One operation of RFC 6902. */
interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** More operations than this are refused, as in the API server. */
const MAX_OPERATIONS = 10_000;

/**
 * Applies a JSON Patch (RFC 6902) without touching `target`. One difference from the RFC is the API server's own:
 * `replace` of an absent object member adds it.
 */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  }
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
  }
  return patch.reduce((document: unknown, operation) => applyOperation(document, operation), target);
}

function applyOperation(document: unknown, operation: unknown): unknown {
  if (!isOperation(operation)) throw unprocessable();
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case "add":
      return write(document, path, operation.value, "add");
    case "replace":
      return write(document, path, operation.value, "replace");
    case "remove":
      return remove(document, path);
    case "test":
      if (!deepEqual(read(document, path, true) ?? null, operation.value ?? null)) throw unprocessable();
      return document;
    case "copy":
      return write(document, path, read(document, parsePointer(operation.from ?? "")), "add");
    case "move": {
      const from = parsePointer(operation.from ?? "");
      return write(remove(document, from), path, read(document, from), "add");
    }
    default:
      throw unprocessable();
  }
}

function isOperation(value: unknown): value is Operation {
  return isObject(value) && typeof value.op === "string" && typeof value.path === "string";
}

function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw unprocessable();
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(document: unknown, path: readonly string[], absentIsUndefined = false): unknown {
  let current = document;
  for (const part of path) {
    if (Array.isArray(current)) current = current[indexOf(part, current.length - 1)];
    else if (isObject(current) && Object.hasOwn(current, part)) current = current[part];
    else if (absentIsUndefined) return undefined;
    else throw unprocessable();
  }
  return current;
}

function write(document: unknown, path: readonly string[], value: unknown, mode: "add" | "replace"): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (Array.isArray(document)) {
    const copy: unknown[] = [...document];
    if (rest.length > 0) {
      const index = indexOf(part, copy.length - 1);
      copy[index] = write(copy[index], rest, value, mode);
    } else if (mode === "replace") copy[indexOf(part, copy.length - 1)] = value;
    else copy.splice(part === "-" ? copy.length : indexOf(part, copy.length), 0, value);
    return copy;
  }
  if (!isObject(document)) throw unprocessable();
  if (rest.length > 0 && !Object.hasOwn(document, part)) throw unprocessable();
  return { ...document, [part]: rest.length > 0 ? write(document[part], rest, value, mode) : value };
}

function remove(document: unknown, path: readonly string[]): unknown {
  const [part, ...rest] = path;
  if (part === undefined) throw unprocessable();
  if (Array.isArray(document)) {
    const index = indexOf(part, document.length - 1);
    const copy: unknown[] = [...document];
    if (rest.length > 0) copy[index] = remove(copy[index], rest);
    else copy.splice(index, 1);
    return copy;
  }
  if (!isObject(document) || !Object.hasOwn(document, part)) throw unprocessable();
  if (rest.length > 0) return { ...document, [part]: remove(document[part], rest) };
  const { [part]: _removed, ...kept } = document;
  return kept;
}

function indexOf(part: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : Number.NaN;
  if (Number.isNaN(index) || index > last) throw unprocessable();
  return index;
}

/** The API server hides which operation failed. */
function unprocessable(): StatusError {
  return new StatusError(
    422,
    "Invalid",
    "the server rejected our request due to an error in our request",
    {},
  );
}

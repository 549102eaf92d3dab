import { isObject, type JsonObject } from "../json.ts";

/** Applies a JSON Merge Patch (RFC 7386): null deletes, objects merge, everything else replaces. Never mutates `target`. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const name of Object.keys(patch)) {
    if (patch[name] === null) delete result[name];
    else result[name] = applyMergePatch(result[name], patch[name]);
  }
  return result;
}

import { goJsonError } from "../http/go-json-error.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { YamlError } from "../yaml/yaml-error.ts";

/**
 * The key that JavaScript objects cannot hold like any other. Objects here are rebuilt by assignment in many places, so
 * a member of this name is dropped when it comes in.
 */
const UNSAFE_KEY = "__proto__";

/** Parses JSON; `fail` makes the error from the text that Go's parser would give. */
export function parseJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return parseSafely(text);
  } catch {
    throw fail(goJsonError(text));
  }
}

/** Parses JSON, or YAML where it is not JSON; `fail` makes the error from a text that begins with `yaml:`. */
export function parseYamlOrJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return parseSafely(text);
  } catch {
    try {
      return parseYaml(text);
    } catch (error) {
      throw error instanceof YamlError ? fail(error.message) : error;
    }
  }
}

function parseSafely(text: string): unknown {
  if (!text.includes(UNSAFE_KEY)) return JSON.parse(text);
  return JSON.parse(text, (key, value: unknown) => (key === UNSAFE_KEY ? undefined : value));
}

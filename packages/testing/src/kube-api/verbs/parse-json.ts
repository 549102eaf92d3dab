import { goJsonError } from "../http/go-json-error.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { YamlError } from "../yaml/yaml-error.ts";

/** Parses JSON; `fail` makes the error from the text that Go's parser would give. */
export function parseJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fail(goJsonError(text));
  }
}

/** Parses JSON, or YAML where it is not JSON; `fail` makes the error from a text that begins with `yaml:`. */
export function parseYamlOrJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return parseYaml(text);
    } catch (error) {
      throw error instanceof YamlError ? fail(error.message) : error;
    }
  }
}

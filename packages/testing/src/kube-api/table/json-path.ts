import { isObject } from "../json.ts";

/** Finds the values a JSONPath selects, in order. */
export type JsonPath = (value: unknown) => readonly unknown[];

type Step = (values: readonly unknown[]) => readonly unknown[];

/**
 * Compiles the subset of JSONPath that printer columns and selectable fields use: `.a.b`, `['a']`, `[0]`, `[*]`,
 * `[?(@.type=="Ready")]`. Undefined when the text is not of that subset.
 */
export function compileJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text.trim();
  while (rest !== "" && rest !== ".") {
    const parsed = parseStep(rest);
    if (!parsed) return undefined;
    steps.push(parsed.step);
    rest = rest.slice(parsed.length);
  }
  return (value) => steps.reduce((values: readonly unknown[], step) => step(values), [value]);
}

function parseStep(text: string): { readonly step: Step; readonly length: number } | undefined {
  const name = /^\.((?:\\.|[^.[\]\\])+)/.exec(text) ?? /^\.?\['((?:\\.|[^'\\])+)'\]/.exec(text);
  if (name) return { step: child(name[1]?.replaceAll(/\\(.)/g, "$1") ?? ""), length: name[0].length };
  const all = /^\.?\[\*\]/.exec(text);
  if (all) return { step: (values) => values.flatMap(items), length: all[0].length };
  const index = /^\.?\[(-?\d+)\]/.exec(text);
  if (index) {
    const at = Number(index[1]);
    return {
      step: (values) => values.flatMap((value) => items(value).slice(at, at === -1 ? undefined : at + 1)),
      length: index[0].length,
    };
  }
  const filter =
    /^\.?\[\?\(\s*@((?:\.[\w\\./-]+|\['[^']+'\])+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]/.exec(
      text,
    );
  if (!filter) return undefined;
  const [length, path = "", operator] = [filter[0].length, filter[1], filter[2]];
  const wanted = filter[3] ?? filter[4] ?? filter[5] ?? "";
  const read = compileJsonPath(path);
  if (!read) return undefined;
  const keeps = (item: unknown) => {
    const found = read(item);
    return found.length > 0 && (String(found[0]) === wanted) === (operator === "==");
  };
  return { step: (values) => values.flatMap((value) => items(value).filter(keeps)), length };
}

function child(name: string): Step {
  return (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

/** Bounds of {@link parseBoundedJson}. */
export interface BoundedJsonOptions {
  /** Deepest nesting of arrays and objects; 64 unless given: a PKI's answer has fewer than ten levels. */
  readonly maxDepth?: number | undefined;
}

/** The default of {@link BoundedJsonOptions}. */
export const defaultMaxJsonDepth = 64;

/**
 * Parses JSON from a PKI: strict UTF-8 (a byte order mark is allowed), bounded depth, and no key `__proto__`. The depth is
 * counted before the parser runs, so a deep text can exhaust no stack, neither here nor in whatever walks the value.
 * `JSON.parse` makes `__proto__` an own property, which a later `Object.assign` would turn into a prototype: such keys are
 * removed. A key `constructor` stays, as data: nothing merges it into anything.
 *
 * Throws a SyntaxError whose message holds nothing of the text. The caller bounds the length.
 */
export function parseBoundedJson(bytes: Uint8Array, options: BoundedJsonOptions = {}): unknown {
  const { maxDepth = defaultMaxJsonDepth } = options;
  const text = decode(bytes);
  if (isDeeper(text, maxDepth)) throw new SyntaxError(`JSON that is nested deeper than ${maxDepth}`);
  const value = parse(text);
  // A key can also be spelled with escapes of its underscores or letters.
  if (text.includes("__proto__") || text.includes("\\u")) removePrototypeKeys(value);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError("something that is not UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new SyntaxError("something that is not JSON");
  }
}

/** Whether brackets outside of strings nest deeper; what is no JSON may be counted wrongly, and then fails to parse. */
function isDeeper(text: string, maxDepth: number): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isString = false;
    } else if (code === 0x22) isString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

function removePrototypeKeys(value: unknown): void {
  const left = [value];
  while (left.length > 0) {
    const at = left.pop();
    if (typeof at !== "object" || at === null) continue;
    if (Object.hasOwn(at, "__proto__")) Reflect.deleteProperty(at, "__proto__");
    for (const inner of Object.values(at)) left.push(inner);
  }
}

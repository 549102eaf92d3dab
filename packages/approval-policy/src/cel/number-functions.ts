import { type CelFunc, CelScalar, celFunc, celUint } from "@bufbuild/cel";

const { DOUBLE, INT, STRING, UINT } = CelScalar;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const named: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["nan", Number.NaN],
]);

/** Conversions from text as Go reads numbers: JavaScript takes the empty text for 0, and hexadecimal. */
export const numberFunctions: readonly CelFunc[] = Object.freeze([
  celFunc("int", [STRING], INT, (text) => integer(text, /^[+-]?\d{1,19}$/, -(2n ** 63n), 2n ** 63n - 1n)),
  celFunc("uint", [STRING], UINT, (text) => celUint(integer(text, /^\d{1,20}$/, 0n, 2n ** 64n - 1n))),
  celFunc("double", [STRING], DOUBLE, (text) => {
    const [, sign = "", word = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
    const special = named.get(word.toLowerCase());
    if (special !== undefined) return sign === "-" ? -special : special;
    const value = decimal.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) throw new Error("the text is no double");
    return value;
  }),
]);

function integer(text: string, form: RegExp, least: bigint, most: bigint): bigint {
  const value = form.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
  if (value === undefined || value < least || value > most)
    throw new Error("the text is no integer in range");
  return value;
}

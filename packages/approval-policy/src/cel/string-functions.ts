import { type CelFunc, type CelList, CelScalar, celMethod, listType } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { Meter } from "./meter.ts";

const { DYN, INT, STRING } = CelScalar;
const list = listType(STRING);
// What Go calls space: JavaScript has U+FEFF and lacks U+0085.
const space = /^[\t-\r\u0085\p{Z}]$/u;
/** What the library counts in UTF-16 units, cel-go in code points; and what makes texts of unforeseen length. */
const replaced: ReadonlySet<string> = new Set([
  "charAt",
  "indexOf",
  "lastIndexOf",
  "substring",
  "trim",
  "replace",
  "join",
  "split",
  "format",
]);

/** cel-go's string extension: positions are code points, and whatever makes a text books its length before. */
export function stringFunctions(meter: Meter): CelFunc[] {
  return [
    ...strings.filter(({ name }) => !replaced.has(name)),
    ...strings.filter(({ name }) => name === "format").map((format) => meteredFormat(format, meter)),
    celMethod("charAt", STRING, [INT], STRING, function (index) {
      const points = [...this];
      return points.slice(position(index, points.length), Number(index) + 1).join("");
    }),
    celMethod("substring", STRING, [INT], STRING, function (start) {
      const points = [...this];
      return points.slice(position(start, points.length)).join("");
    }),
    celMethod("substring", STRING, [INT, INT], STRING, function (start, end) {
      const points = [...this];
      if (start > end) throw new Error("substring ends before it starts");
      return points.slice(position(start, points.length), position(end, points.length)).join("");
    }),
    celMethod("indexOf", STRING, [STRING], INT, function (text) {
      return pointsBefore(this, this.indexOf(text));
    }),
    celMethod("indexOf", STRING, [STRING, INT], INT, function (text, from) {
      return beyond(this, text, from) ?? pointsBefore(this, this.indexOf(text, units(this, from)));
    }),
    celMethod("lastIndexOf", STRING, [STRING], INT, function (text) {
      return pointsBefore(this, this.lastIndexOf(text));
    }),
    celMethod("lastIndexOf", STRING, [STRING, INT], INT, function (text, from) {
      return beyond(this, text, from) ?? pointsBefore(this, this.lastIndexOf(text, units(this, from)));
    }),
    celMethod("trim", STRING, [], STRING, function () {
      const points = [...this];
      // No expression over the whole: one for trailing space takes the square of the length.
      const isText = (point: string): boolean => !space.test(point);
      const first = points.findIndex(isText);
      return first < 0 ? "" : points.slice(first, points.findLastIndex(isText) + 1).join("");
    }),
    celMethod("reverse", STRING, [], STRING, function () {
      return [...this].reverse().join("");
    }),
    celMethod("replace", STRING, [STRING, STRING], STRING, function (from, to) {
      return replace(meter, this, from, to, -1n);
    }),
    celMethod("replace", STRING, [STRING, STRING, INT], STRING, function (from, to, limit) {
      return replace(meter, this, from, to, limit);
    }),
    celMethod("split", STRING, [STRING], list, function (separator) {
      return split(meter, this, separator, -1n);
    }),
    celMethod("split", STRING, [STRING, INT], list, function (separator, limit) {
      return split(meter, this, separator, limit);
    }),
    celMethod("join", listType(DYN), [], STRING, function () {
      return join(meter, this, "");
    }),
    celMethod("join", listType(DYN), [STRING], STRING, function (separator) {
      return join(meter, this, separator);
    }),
  ];
}

function position(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new Error(`index ${index} is out of range`);
  return Number(index);
}

function units(text: string, index: bigint): number {
  const points = [...text];
  return points.slice(0, position(index, points.length)).join("").length;
}

/** From behind the end only the empty text is found, at the end. Undefined where the search starts within the text. */
function beyond(text: string, wanted: string, from: bigint): bigint | undefined {
  const { length } = [...text];
  if (from < BigInt(length)) return undefined;
  return wanted === "" ? BigInt(length) : -1n;
}

function pointsBefore(text: string, unit: number): bigint {
  return unit < 0 ? -1n : BigInt([...text.slice(0, unit)].length);
}

function replace(meter: Meter, text: string, from: string, to: string, limit: bigint): string {
  const points = from === "" ? [...text] : text.split(from);
  // An empty `from` is found before each character and at the end.
  const found = from === "" ? points.length + 1 : points.length - 1;
  const times = limit < 0n ? found : Math.min(found, Number(limit));
  meter.chargeText(text.length + times * to.length);
  if (from === "") return withEmptyReplaced(points, to, times);
  let out = points[0] ?? "";
  for (const [index, part] of points.slice(1).entries()) out += (index < times ? to : from) + part;
  return out;
}

function withEmptyReplaced(points: readonly string[], to: string, times: number): string {
  const before = points.map((point, index) => (index < times ? to : "") + point).join("");
  return before + (times > points.length ? to : "");
}

function split(meter: Meter, text: string, separator: string, limit: bigint): string[] {
  const parts = separator === "" ? [...text] : text.split(separator);
  meter.charge(parts.length);
  const most = limit < 0n ? parts.length : Number(limit);
  if (most === 0) return [];
  return parts.length <= most ? parts : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

function join(meter: Meter, parts: CelList, separator: string): string {
  const texts: string[] = [];
  for (const part of parts) {
    if (typeof part !== "string") throw new Error("join takes a list of texts");
    meter.chargeText(part.length + separator.length);
    texts.push(part);
  }
  meter.chargeText(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

/** A placeholder may be as precise as it says, and print any of its arguments: both are bounded before it is filled. */
function meteredFormat(format: CelFunc, meter: Meter): CelFunc {
  return celMethod("format", STRING, [listType(DYN)], STRING, function (values) {
    if (/%\.\d{3,}/.test(this)) throw new Error("format takes a precision of at most 99");
    meter.chargeText(this.length * 100);
    const result = format.call(0, this, [values]);
    if (typeof result !== "string") throw new Error("format failed");
    meter.chargeText(result.length);
    return result;
  });
}

import { WireError, wireFields } from "./wire-reader.ts";

/** What a field holds: `time` is metav1.Time, `json` a metav1.FieldsV1, `strings` a message with a list of strings alone. */
export type Scalar = "string" | "bytes" | "bool" | "int" | "time" | "json" | "strings";

/** A type of value, one or several. */
export type FieldType =
  | Scalar
  | Message
  | { readonly list: Scalar | Message }
  | { readonly map: Scalar | Message };

/** The fields of a message by number: each with its name in JSON and its type. */
export interface Message {
  readonly fields: Readonly<Record<number, readonly [name: string, type: FieldType]>>;
}

/**
 * A message as the JSON of the same object, in the way of Go's `omitempty`: single texts that are empty are left out, since
 * Kubernetes' Protobuf writes them where its JSON does not.
 *
 * @throws WireError
 */
export function decodeMessage(message: Buffer, { fields }: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const lists = new Map<string, unknown[]>();
  const maps = new Map<string, [string, unknown][]>();
  for (const { number, value } of wireFields(message)) {
    const field = fields[number];
    if (field === undefined) continue;
    const [name, type] = field;
    if (typeof type === "object" && "list" in type) {
      add(lists, name, decodeValue(value, type.list));
    } else if (typeof type === "object" && "map" in type) {
      add(maps, name, decodeEntry(value, type.map));
    } else {
      const single = decodeValue(value, type);
      if (single !== "" && single !== undefined) object[name] = single;
    }
  }
  const several = [...maps].map(([name, entries]) => [name, Object.fromEntries(entries)] as const);
  return { ...object, ...Object.fromEntries([...lists, ...several]) };
}

function add<T>(all: Map<string, T[]>, name: string, value: T): void {
  const before = all.get(name);
  if (before === undefined) all.set(name, [value]);
  else before.push(value);
}

/** A map is a list of messages with the key as field 1 and the value as field 2; what is empty may be left out of them. */
function decodeEntry(entry: bigint | Buffer, type: Scalar | Message): [string, unknown] {
  let key = "";
  let value = decodeValue(Buffer.alloc(0), type);
  for (const field of wireFields(bytesOf(entry))) {
    if (field.number === 1) key = bytesOf(field.value).toString("utf8");
    if (field.number === 2) value = decodeValue(field.value, type);
  }
  return [key, value];
}

function decodeValue(value: bigint | Buffer, type: Scalar | Message): unknown {
  if (typeof type === "object") return decodeMessage(bytesOf(value), type);
  switch (type) {
    case "string":
      return bytesOf(value).toString("utf8");
    case "bytes":
      return bytesOf(value).toString("base64");
    case "bool":
      return numberOf(value) !== 0;
    case "int":
      return numberOf(value);
    case "time":
      return timeOf(bytesOf(value));
    case "json":
      return jsonOf(bytesOf(value));
    case "strings":
      return decodeMessage(bytesOf(value), stringsMessage).items ?? [];
  }
}

const stringsMessage: Message = { fields: { 1: ["items", { list: "string" }] } };

/** Seconds since the epoch as field 1; without any, no time. */
function timeOf(value: Buffer): string | undefined {
  for (const field of wireFields(value)) if (field.number === 1) return secondsText(numberOf(field.value));
  return undefined;
}

/** As RFC 3339; the years of four digits, which Go's JSON can write, are all that there are. */
function secondsText(seconds: number): string {
  if (!(Math.abs(seconds) < 253_402_300_800)) throw new WireError("a time out of range");
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}

function jsonOf(value: Buffer): unknown {
  for (const field of wireFields(value))
    if (field.number === 1) return parsed(bytesOf(field.value).toString("utf8"));
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WireError("fields that are no JSON");
  }
}

function bytesOf(value: bigint | Buffer): Buffer {
  if (typeof value === "bigint") throw new WireError("wrong wireType = 0");
  return value;
}

function numberOf(value: bigint | Buffer): number {
  if (typeof value !== "bigint") throw new WireError("wrong wireType = 2");
  return Number(BigInt.asIntN(64, value));
}

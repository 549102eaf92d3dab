import { asBuffer, toLatin1 } from "./bytes.ts";
import { Refusal } from "./refusal.ts";

/**
 * cert-manager's limits on PEM text, in bytes (`internal/pem/decode.go`): what is larger it refuses to read, so nothing
 * larger may be written to a status or taken from a request.
 */
export const pemLimits = Object.freeze({
  request: 36_500,
  certificate: 36_500,
  chain: 95_000,
  bundle: 330_000,
  privateKey: 13_000,
});

/** One PEM block: what stands after BEGIN, and the decoded bytes. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

/** Options of {@link decodePem}. */
export interface DecodePemOptions {
  /** Largest text in bytes. */
  readonly limit: number;
  /** Allow text outside the blocks, as `openssl x509 -text` and many PKIs write; RFC 7468 §2 calls it explanatory text. */
  readonly allowText?: boolean;
}

const begin = "-----BEGIN ";
const dashes = "-----";

/** Encodes one block as RFC 7468 wants it: 64 columns and a final newline. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = asBuffer(der).toString("base64");
  let body = "";
  for (let at = 0; at < base64.length; at += 64) body += `${base64.slice(at, at + 64)}\n`;
  return `${begin}${label}${dashes}\n${body}-----END ${label}${dashes}\n`;
}

/**
 * Reads every block of a PEM text, in linear time. Throws a {@link Refusal} for text over the limit, headers, bad base64,
 * an unfinished block and, unless text is allowed, anything but white space outside the blocks and boundaries that are
 * not lines of their own (RFC 7468 §3): Go does not find those.
 */
export function decodePem(input: string | Uint8Array, options: DecodePemOptions): PemBlock[] {
  if (input.length > options.limit)
    throw new Refusal(
      `the PEM text has ${input.length} bytes; at most ${options.limit} are read`,
      "make it smaller",
    );
  const text = typeof input === "string" ? input : toLatin1(input);
  const blocks: PemBlock[] = [];
  let position = 0;
  for (;;) {
    const start = text.indexOf(begin, position);
    const outside = text.slice(position, start < 0 ? undefined : start);
    if (options.allowText !== true && outside.trim() !== "")
      throw new Refusal("there is text outside the PEM block", "send the PEM block alone");
    if (start < 0) return blocks;
    if (options.allowText !== true && start > 0 && text[start - 1] !== "\n")
      throw new Refusal("the PEM BEGIN line does not begin a line");
    const labelEnd = text.indexOf(dashes, start + begin.length);
    const label = text.slice(start + begin.length, labelEnd < 0 ? start + begin.length : labelEnd);
    if (!/^[A-Z0-9 ]{1,40}$/.test(label)) throw new Refusal("the PEM BEGIN line is malformed");
    const bodyStart = labelEnd + dashes.length;
    const end = `-----END ${label}${dashes}`;
    const bodyEnd = text.indexOf(dashes, bodyStart);
    if (bodyEnd < 0 || !text.startsWith(end, bodyEnd))
      throw new Refusal(`the PEM block ${label} has no matching END line`);
    if (options.allowText !== true && !isOwnLine(text, bodyEnd, bodyEnd + end.length))
      throw new Refusal("the PEM END line is not a line of its own");
    blocks.push({ label, der: decodeBody(text.slice(bodyStart, bodyEnd)) });
    position = bodyEnd + end.length;
  }
}

function isOwnLine(text: string, start: number, end: number): boolean {
  const rest = /[ \t]*(?:\r?\n|$)/y;
  rest.lastIndex = end;
  return text[start - 1] === "\n" && rest.test(text);
}

function decodeBody(body: string): Uint8Array {
  if (!/^[ \t]*\r?\n/.test(body)) throw new Refusal("the PEM BEGIN line is malformed");
  if (body.includes(":")) throw new Refusal("the PEM block has headers", "use a PEM block without headers");
  const base64 = body.replace(/[ \t]*\r?\n/g, "");
  const der = Buffer.from(base64, "base64");
  if (der.length === 0 || der.toString("base64") !== base64)
    throw new Refusal("the PEM block is not valid base64");
  return der;
}

import { type HttpResponse, parseBoundedJson, parseRetryAfter } from "@countersign/issuer-signer";

/** One answer of a Vault server. */
export interface VaultAnswer {
  readonly status: number;
  /** Host and port of the server, for messages. */
  readonly host: string;
  /** The body where it is a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /**
   * What Vault says is wrong: recognised, never shown, since a body may carry secrets or come from whoever chose the URL.
   */
  readonly errors: readonly string[];
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Longest error text that is looked at, in characters: Vault's own are a sentence. */
const maxErrorLength = 2_000;

/** Reads an answer, whatever it is. */
export function readAnswer(host: string, response: HttpResponse, now: number): VaultAnswer {
  const { status, headers, body } = response;
  const json = jsonObject(body);
  return {
    status,
    host,
    json,
    errors: json === undefined ? plainText(body) : texts(json.errors),
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
  };
}

/** Whether Vault did what it was asked. */
export function isSuccess({ status }: VaultAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Whether one of the error texts matches. */
export function says({ errors }: VaultAnswer, pattern: RegExp): boolean {
  return errors.some((text) => pattern.test(text));
}

/** A field of the answer that is an object, such as `data` or `auth`. */
export function objectField(
  { json }: VaultAnswer,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = json?.[name];
  return isObject(value) ? value : undefined;
}

/** The strings of a list; anything else is none. */
export function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((text) => typeof text === "string").map((text) => text.slice(0, maxErrorLength));
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return undefined;
  try {
    const value = parseBoundedJson(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Go's HTTP server and proxies answer in words. */
function plainText(body: Buffer): readonly string[] {
  const text = body.subarray(0, maxErrorLength).toString("latin1").trim();
  return text === "" ? [] : [text];
}

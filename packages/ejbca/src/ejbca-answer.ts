import { type HttpResponse, parseBoundedJson, parseRetryAfter } from "@countersign/issuer-signer";

/** One answer of an EJBCA. */
export interface EjbcaAnswer {
  readonly status: number;
  /** Host and port of the server, for messages. */
  readonly host: string;
  /** The body where it is a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /**
   * What EJBCA says is wrong, its words for people or a raw key: recognised, never shown, since a body may carry secrets or
   * come from whoever chose the URL. Empty for anything but EJBCA's own JSON.
   */
  readonly message: string;
  /** The text of a body that is no JSON object: HTML of the servlet container, of a filter or a proxy; PEM. */
  readonly text: string;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Longest error text that is looked at, in characters: EJBCA's own are a sentence. */
const maxMessageLength = 2_000;

/** Reads an answer, whatever it is. */
export function readAnswer(host: string, { status, headers, body }: HttpResponse, now: number): EjbcaAnswer {
  const json = jsonObject(body);
  const message =
    typeof json?.error_message === "string" ? json.error_message.slice(0, maxMessageLength) : "";
  return {
    status,
    host,
    json,
    message: message.trim(),
    text: json === undefined ? body.toString("latin1") : "",
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
  };
}

/** Whether EJBCA did what it was asked. */
export function isSuccess({ status }: EjbcaAnswer): boolean {
  return status >= 200 && status < 300;
}

/** The beginning of every message about an answer. */
export function said({ host, status }: EjbcaAnswer): string {
  return `EJBCA at ${host} answered ${status}`;
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return undefined;
  try {
    const value = parseBoundedJson(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

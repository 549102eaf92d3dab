import { type HttpResponse, parseBoundedJson, parseRetryAfter } from "@countersign/issuer-signer";
import { valueAt } from "./fields.ts";

/** One answer of a service. */
export interface ServiceAnswer {
  readonly status: number;
  /** What was asked. */
  readonly url: string;
  /** Host and port of the service, for messages. */
  readonly host: string;
  /** The body where it is JSON: never shown, since it may carry secrets or come from whoever chose the URL. */
  readonly json: unknown;
  /** `error.code` of the body, as `@countersign/issuer-webhook/server` says it: recognised, never shown. */
  readonly code: string | undefined;
  /** The service says that the PKI has certainly issued nothing. */
  readonly issuedNothing: boolean;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** As it was sent. */
  readonly location: string | undefined;
}

/** Reads an answer, whatever it is. */
export function readAnswer(url: string, { status, headers, body }: HttpResponse, now: number): ServiceAnswer {
  const json = jsonOf(body);
  const code = valueAt(json, "error.code");
  const { location } = headers;
  return {
    status,
    url,
    host: new URL(url).host,
    json,
    code: typeof code === "string" ? code : undefined,
    issuedNothing: valueAt(json, "error.issuedNothing") === true,
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
    location: typeof location === "string" ? location : undefined,
  };
}

/** The beginning of every message about an answer. */
export function said({ host, status }: ServiceAnswer): string {
  return `The signing service at ${host} answered ${status}`;
}

function jsonOf(body: Buffer): unknown {
  try {
    return parseBoundedJson(body);
  } catch {
    return undefined;
  }
}

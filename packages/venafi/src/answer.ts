import { type HttpResponse, parseBoundedJson, parseRetryAfter } from "@countersign/issuer-signer";

type Json = Readonly<Record<string, unknown>>;

/** One answer of TPP or of the SaaS. */
export interface VenafiAnswer {
  readonly status: number;
  /** IIS says there what is wrong, sometimes with an empty body. */
  readonly statusText: string;
  /** Host and port of the server, for messages. */
  readonly host: string;
  readonly body: Buffer;
  /** The body where it is a JSON object. */
  readonly json: Json | undefined;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Credentials that the call showed: what the server says of them must not be shown further. */
  readonly shown: readonly string[];
}

/** Where an answer comes from. */
export interface AnswerOrigin {
  readonly host: string;
  readonly shown: readonly (string | undefined)[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Reads an answer, whatever it is. */
export function readAnswer(response: HttpResponse, { host, shown, now }: AnswerOrigin): VenafiAnswer {
  const { status, statusText, headers, body } = response;
  return {
    ...{ status, statusText, host, body },
    json: jsonObject(body),
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
    shown: shown.flatMap((credential) => credential || []),
  };
}

/** A text of the answer without the credentials that the call showed: a server may repeat them in an error. */
export function discreet({ shown }: VenafiAnswer, text: string): string {
  return shown.reduce((left, credential) => left.replaceAll(credential, "[redacted]"), text);
}

/** Whether the answer is one of success. */
export function isSuccess({ status }: VenafiAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A field of an object that is a text and not empty. */
export function textField(json: Json | undefined, name: string): string | undefined {
  const value = json?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A field of an object that is a finite number. */
export function numberField(json: Json | undefined, name: string): number | undefined {
  const value = json?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A field of an object that is an object itself. */
export function objectField(json: Json | undefined, name: string): Json | undefined {
  const value = json?.[name];
  return isObject(value) ? value : undefined;
}

/** The objects of a field that is a list; anything else is none. */
export function objectList(json: Json | undefined, name: string): readonly Json[] {
  const value = json?.[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The texts of a field that is a list; anything else is none. */
export function textList(json: Json | undefined, name: string): readonly string[] {
  const value = json?.[name];
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
}

function jsonObject(body: Buffer): Json | undefined {
  if (body.length === 0) return undefined;
  try {
    const value = parseBoundedJson(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

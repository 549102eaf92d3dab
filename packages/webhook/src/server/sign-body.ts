import type { IncomingHttpHeaders } from "node:http";
import {
  assertCsrAgrees,
  type Csr,
  defaultUsages,
  InvalidCsrError,
  PermanentError,
  parseBoundedJson,
  parseCsr,
  resolveUsages,
} from "@countersign/issuer-signer";
import { HttpProblem } from "./http-problem.ts";

/** What a body asks for. */
export interface SignBody {
  readonly csr: Csr;
  readonly durationSeconds: number;
  /** cert-manager's words; never empty. */
  readonly usages: readonly string[];
  readonly isCA: boolean;
}

/** What applies where a body leaves it open. */
export interface SignBodyDefaults {
  readonly durationSeconds: number;
  /** Whether a CA certificate may be asked for at all. */
  readonly allowCA: boolean;
}

const fields: readonly string[] = ["csr", "durationSeconds", "usages", "isCA"];

/** Ten minutes, as cert-manager and Kubernetes have it, to a hundred years. */
const duration = Object.freeze({ min: 600, max: 100 * 366 * 86_400 });

/** @throws HttpProblem 415 for what is not JSON in the clear */
export function assertJson(headers: IncomingHttpHeaders): void {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = headers;
  const [essence = "", ...parameters] = type.split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (essence === "application/json" && isUtf8 && encoding.toLowerCase() === "identity") return;
  throw new HttpProblem({
    status: 415,
    code: "unsupported_media_type",
    message: "Send JSON with Content-Type: application/json, in UTF-8 and not compressed.",
    headers: { "accept-post": "application/json" },
  });
}

/**
 * Reads the body of a sign call: `csr`, and optionally `durationSeconds`, `usages` and `isCA`. The CSR may be PEM, or base64
 * of PEM or of DER.
 *
 * @throws HttpProblem 400 that says which field is wrong, 422 for a CA certificate where none is issued
 */
export function parseSignBody(bytes: Uint8Array, defaults: SignBodyDefaults): SignBody {
  const body = parseJson(bytes);
  const unknown = Object.keys(body).length - fields.filter((field) => Object.hasOwn(body, field)).length;
  if (unknown > 0)
    throw malformed(`The body has ${unknown} unknown fields; the fields are ${fields.join(", ")}.`);
  const csr = csrOf(body.csr);
  const isCA = booleanOf(body.isCA) ?? csr.basicConstraints?.isCA ?? false;
  if (isCA && !defaults.allowCA)
    throw new HttpProblem({
      status: 422,
      code: "rejected",
      message: "The request is for a CA certificate, which this service does not have issued.",
    });
  const durationSeconds = durationOf(body.durationSeconds) ?? defaults.durationSeconds;
  const usages = usagesOf(body.usages, isCA);
  if (usages !== undefined || body.isCA !== undefined)
    attempt(
      () => assertCsrAgrees(csr, { isCA, usages: usages ?? usagesOfCsr(csr) }),
      InvalidCsrError,
      invalidCsr,
    );
  return { csr, isCA, durationSeconds, usages: usages ?? usagesOfCsr(csr) };
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value = attempt(
    () => parseBoundedJson(bytes, { maxDepth: 8 }),
    SyntaxError,
    (error) => malformed(`The body is ${error.message}; send a JSON object with csr.`),
  );
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw malformed("The body is not a JSON object; send one with csr.");
  return value as Readonly<Record<string, unknown>>;
}

/** Runs of base64 with line breaks as PEM has them; URL-safe base64 is another alphabet. */
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

function csrOf(value: unknown): Csr {
  if (typeof value !== "string" || value === "")
    throw malformed("The body has no csr; send the CSR as base64 of its DER or PEM, or as PEM.");
  return attempt(() => parseCsr(csrBytes(value)), InvalidCsrError, invalidCsr);
}

function invalidCsr(error: InvalidCsrError): HttpProblem {
  return new HttpProblem({ status: 400, code: "invalid_csr", message: `${error.message}.`, cause: error });
}

function csrBytes(text: string): string | Uint8Array {
  if (text.includes("-----BEGIN ")) return text;
  const packed = text.replace(/\s/g, "");
  const bytes = Buffer.from(packed, "base64");
  // Node reads around what is no base64; RFC 4648 §3.3 wants it refused.
  if (!base64.test(packed) || bytes.toString("base64").replace(/=+$/, "") !== packed.replace(/=+$/, ""))
    throw new HttpProblem({
      status: 400,
      code: "invalid_csr",
      message: "csr is neither base64 (RFC 4648 §4) nor PEM.",
    });
  return bytes;
}

function durationOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= duration.min && value <= duration.max)
    return value;
  throw malformed(
    `durationSeconds is not a whole number of seconds from ${duration.min} to ${duration.max}.`,
  );
}

function booleanOf(value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw malformed("isCA is neither true nor false.");
}

function usagesOf(value: unknown, isCA: boolean): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length > 0 && value.length <= 32;
  if (!isList || !value.every((usage) => typeof usage === "string"))
    throw malformed("usages is not a list of usages such as server auth.");
  attempt(
    () => resolveUsages(value, isCA),
    PermanentError,
    (error) => malformed(`${error.message}.`),
  );
  return value;
}

/** What the CSR asks for; dotted OIDs have no word, and are the PKI's affair. */
function usagesOfCsr({ keyUsage = [], extendedKeyUsage = [] }: Csr): readonly string[] {
  const words = [...keyUsage, ...extendedKeyUsage].filter((usage) => !/^\d/.test(usage));
  return words.length > 0 ? words : defaultUsages;
}

function malformed(message: string): HttpProblem {
  return new HttpProblem({ status: 400, code: "malformed_request", message });
}

/** Runs `read`, and throws what `translate` makes of an error of the given class. */
function attempt<T, E extends Error>(
  read: () => T,
  type: abstract new (...args: never[]) => E,
  translate: (error: E) => HttpProblem,
): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof type ? translate(error) : error;
  }
}

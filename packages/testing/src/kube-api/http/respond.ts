import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { StatusError } from "../status-error.ts";
import { toYaml } from "../yaml/to-yaml.ts";

/** Sends a JSON text. */
export function sendJson(
  response: ServerResponse,
  code: number,
  json: string,
  warnings: readonly string[] = [],
): void {
  send(response, code, "application/json", json, warnings);
}

/** Sends a JSON text as YAML. */
export function sendYaml(
  response: ServerResponse,
  code: number,
  json: string,
  warnings: readonly string[],
): void {
  send(response, code, "application/yaml", toYaml(JSON.parse(json)), warnings);
}

function send(
  response: ServerResponse,
  code: number,
  type: string,
  text: string,
  warnings: readonly string[],
): void {
  const body = Buffer.from(text);
  response.statusCode = code;
  response.setHeader("content-type", type);
  response.setHeader("cache-control", "no-cache, private");
  response.setHeader("audit-id", randomUUID());
  response.setHeader("content-length", body.length);
  if (warnings.length > 0) response.setHeader("warning", warnings.map(warningHeader));
  response.end(body);
}

/** Sends plain text, as the health endpoints and unknown paths answer. */
export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Sends the Status of an error; anything that is not a StatusError is a 500. Returns the code. */
export function sendError(response: ServerResponse, error: unknown, warnings: readonly string[]): number {
  const { status } =
    error instanceof StatusError
      ? error
      : new StatusError(500, "InternalError", `Internal error occurred: ${String(error)}`);
  const seconds = status.details?.retryAfterSeconds;
  if (seconds !== undefined) response.setHeader("retry-after", seconds);
  sendJson(response, status.code, `${JSON.stringify(status)}\n`, warnings);
  return status.code;
}

/** RFC 7234 warning with code 299, as client-go reads it. */
function warningHeader(text: string): string {
  return `299 - ${JSON.stringify(text)}`;
}

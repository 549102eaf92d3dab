import { Refused } from "./answer.ts";
import type { Call } from "./call.ts";
import { texts } from "./texts.ts";

/** A JSON object whose fields are read as Jackson binds them: unknown ones are dropped, wrong types fail the whole request. */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  value(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  /** A text; numbers and booleans become one. Throws the 500 that a Jackson failure gives. */
  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === "object") throw new Refused(500, texts.generalFailure);
    return String(value);
  }
}

/** Reads the body. Anything that is no JSON object is a 500, as is a body beyond the limit; another type is a 415. */
export function readJsonObject({ headers, body }: Call): JsonObject {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new Refused(415, texts.contentType);
  const value = parse(body);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Refused(500, texts.generalFailure);
  return new JsonObject(value as Record<string, unknown>);
}

function parse(body: Uint8Array | undefined): unknown {
  try {
    return body === undefined ? undefined : JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

import { badRequest } from "../status-error.ts";

/** Where the next page of a list begins. */
export interface ContinueToken {
  /** The revision that all pages show; -1: whatever is current, for a list that outlived its revision. */
  readonly rv: number;
  /** The first key that may be on the page. */
  readonly start: string;
}

/** Writes a token as the API server does: base64url of JSON. Clients must not look inside. */
export function encodeContinue({ rv, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv, start })).toString("base64url");
}

/** Reads a token that this server wrote, or answers 400. */
export function decodeContinue(text: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, "base64url").toString());
    if (v === "meta.k8s.io/v1" && Number.isInteger(rv) && typeof start === "string") return { rv, start };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  throw badRequest("invalid continue token: continue key is not valid: unrecognized format");
}

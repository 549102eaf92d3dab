import { isObject } from "../json.ts";
import { badRequest } from "../status-error.ts";
import { parseJson } from "./parse-json.ts";

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
  const valid = /^[A-Za-z0-9_-]*/.exec(text)?.[0].length ?? 0;
  if (valid < text.length) throw invalidToken(`illegal base64 data at input byte ${valid}`);
  const json = Buffer.from(text, "base64url").toString();
  const token: unknown = parseJson(json, (why) => invalidToken(why));
  const { v, rv, start } = isObject(token) ? token : {};
  if (v !== "meta.k8s.io/v1")
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version "${String(v ?? "")}"`,
    );
  if (typeof rv !== "number" || typeof start !== "string")
    throw invalidToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  return { rv, start };
}

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

import type { IncomingHttpHeaders } from "node:http";
import { StatusError } from "../status-error.ts";
import type { Authorizer } from "./authorizer.ts";
import { ISSUER, type Tokens } from "./tokens.ts";
import { ANONYMOUS, type UserInfo } from "./user.ts";

/** A path under this prefix and a token counts as sent with that bearer token. */
const PATH_PREFIX = "/bearer/";

/**
 * The server URL for clients that refuse to send credentials over plain HTTP, as kubectl does: it carries the token in
 * its path.
 */
export function urlWithToken(url: string, token: string): string {
  return `${url}${PATH_PREFIX}${token}`;
}

/** Splits a path into the token it carries, if any, and the path proper. */
export function takePathToken(path: string): { readonly token: string | undefined; readonly path: string } {
  if (!path.startsWith(PATH_PREFIX)) return { token: undefined, path };
  const end = path.indexOf("/", PATH_PREFIX.length);
  if (end < 0) return { token: path.slice(PATH_PREFIX.length), path: "/" };
  return { token: path.slice(PATH_PREFIX.length, end), path: path.slice(end) };
}

/** The user behind the request's bearer token, after impersonation. 401 for a token that is not known. */
export function authenticate(
  headers: IncomingHttpHeaders,
  pathToken: string | undefined,
  tokens: Tokens,
  authorizer: Authorizer,
): UserInfo {
  const user = bearer(pathToken ?? readBearer(headers.authorization), tokens);
  const name = single(headers["impersonate-user"]);
  return name === undefined ? user : impersonate(user, name, headers, authorizer);
}

/** 401 with the server's wording. */
export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

function readBearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

function bearer(token: string | undefined, tokens: Tokens): UserInfo {
  if (token === undefined) return ANONYMOUS;
  const verified = tokens.verify(token);
  if (!verified?.audiences.includes(ISSUER)) throw unauthorized();
  return verified.user;
}

function impersonate(
  user: UserInfo,
  username: string,
  headers: IncomingHttpHeaders,
  authorizer: Authorizer,
): UserInfo {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const base = { verb: "impersonate", group: "", version: "v1", subresource: "" };
  if (account) {
    const [, namespace = "", name = ""] = account;
    authorizer.require(user, { ...base, resource: "serviceaccounts", namespace, name });
  } else authorizer.require(user, { ...base, resource: "users", namespace: "", name: username });
  const given = [headers["impersonate-group"] ?? []].flat().flatMap((text) => text.split(/, */));
  for (const name of given) authorizer.require(user, { ...base, resource: "groups", namespace: "", name });
  const own = account ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : [];
  return { username, groups: [...new Set([...own, ...given, "system:authenticated"])] };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

import { type CredentialReport, IssuerError } from "@countersign/issuer-signer";
import { discreet, isSuccess, numberField, textField, type VenafiAnswer } from "../answer.ts";
import { inQuotes } from "../words.ts";
import type { TppSession } from "./tpp-session.ts";
import type { TppZone } from "./tpp-zone.ts";

/** What {@link checkTpp} looks at. */
export interface CheckTppOptions {
  readonly session: TppSession;
  readonly zone: TppZone;
  /** Which credential of the Secret ends with the token or its grant, and is to be reported. */
  readonly expiring: "accessToken" | "refreshToken" | undefined;
  readonly report: (report: CredentialReport) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when TPP accepts the token, the token has the scope, and the zone is there.
 *
 * @throws what is wrong, as an error of the closed set
 */
export async function checkTpp(options: CheckTppOptions): Promise<void> {
  const { session, zone, expiring, report, signal } = options;
  const answer = await session.call({
    method: "GET",
    path: "vedauth/authorize/verify",
    what: "a look at the token",
    // A VEDauth that does not answer the question may still accept the token.
    accepts: ({ status }) => status === 403 || status === 404,
    signal,
  });
  if (isSuccess(answer)) {
    assertScope(textField(answer.json, "scope"), answer);
    const expiresAt = endOf(answer, expiring);
    if (expiring !== undefined && expiresAt !== undefined) report({ credential: expiring, expiresAt });
  }
  await zone.refresh(signal);
}

/** `certificate:delete,manage;configuration`: resources, each with its privileges. */
function assertScope(scope: string | undefined, answer: VenafiAnswer): void {
  if (scope === undefined) return;
  const privileges = scope
    .toLowerCase()
    .split(";")
    .map((part) => part.trim().split(":"))
    .filter(([resource]) => resource === "certificate" || resource === "any" || resource === "all")
    .flatMap(([resource, list = ""]) => [resource, ...list.split(",").map((name) => name.trim())]);
  if (privileges.includes("manage") || privileges.includes("any") || privileges.includes("all")) return;
  throw new IssuerError(
    `TPP accepts the token, but its scope is ${inQuotes(discreet(answer, scope))}, and requests need certificate:manage. Get a grant with that scope.`,
  );
}

/** `expires` in this answer is the grant's end, not the token's, which is valid for so many seconds since it was issued. */
function endOf({ json }: VenafiAnswer, expiring: CheckTppOptions["expiring"]): number | undefined {
  const grantEnd = Date.parse(textField(json, "expires_ISO8601") ?? "");
  if (expiring !== "accessToken") return Number.isNaN(grantEnd) ? undefined : grantEnd;
  const since = Date.parse(textField(json, "access_issued_on_ISO8601") ?? "");
  const seconds = numberField(json, "valid_for");
  if (Number.isNaN(since) || seconds === undefined) return undefined;
  return since + seconds * 1000;
}

import { createHash } from "node:crypto";
import type { Authenticate, Caller } from "./caller.ts";
import { HttpProblem, retryAfter } from "./http-problem.ts";

/** `status` of a Kubernetes TokenReview, as far as it is looked at. */
export interface TokenReviewStatus {
  readonly authenticated?: boolean | undefined;
  readonly user?:
    | {
        readonly username?: string | undefined;
        readonly uid?: string | undefined;
        readonly groups?: readonly string[] | undefined;
      }
    | undefined;
  /** Those of the audiences asked for that the token has. */
  readonly audiences?: readonly string[] | undefined;
}

/** Has a token reviewed by the API server (authentication.k8s.io/v1 TokenReview). */
export type ReviewToken = (
  token: string,
  audiences: readonly string[],
  signal: AbortSignal,
) => Promise<TokenReviewStatus>;

/** Whose tokens are taken. */
export interface BearerTokensOptions {
  readonly review: ReviewToken;
  /** Audiences of which a token must have one: a token for something else is nobody's business here. At least one. */
  readonly audiences: readonly string[];
  /** User names, such as `system:serviceaccount:NAMESPACE:NAME`. */
  readonly usernames?: readonly string[] | undefined;
  /** Groups, such as `system:serviceaccounts:NAMESPACE`. */
  readonly groups?: readonly string[] | undefined;
  /** How long a review is believed, in milliseconds, 10,000 unless given: as long a revoked token still works. */
  readonly keepMs?: number | undefined;
  /** Told why a token could not be reviewed: the caller is told only that it could not. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
  /** Monotonic milliseconds. */
  readonly now?: (() => number) | undefined;
}

interface Review {
  readonly status: Promise<TokenReviewStatus>;
  readonly until: number;
}

/** RFC 6750 §2.1; what is longer no API server issues. */
const bearer = /^bearer +([A-Za-z0-9._~+/-]{1,16384}=*) *$/i;
const maxReviews = 1_000;
const reviewTimeoutMs = 5_000;

/**
 * Callers by a bearer token that the Kubernetes API server reviews. One token is reviewed once in `keepMs`, good or bad.
 *
 * @throws TypeError for no audience, and where nobody is named
 */
export function bearerTokens(options: BearerTokensOptions): Authenticate {
  const { audiences, usernames = [], groups = [], now = () => performance.now() } = options;
  if (audiences.length === 0) throw new TypeError("Expected `audiences` to be at least one, got none");
  if (usernames.length + groups.length === 0)
    throw new TypeError("Expected `usernames` or `groups` to name somebody, got none");
  const reviews = new Map<string, Review>();
  const statusOf = (token: string): Promise<TokenReviewStatus> => {
    const key = createHash("sha256").update(token).digest("base64url");
    const known = reviews.get(key);
    if (known !== undefined && known.until > now()) return known.status;
    const status = options.review(token, audiences, AbortSignal.timeout(reviewTimeoutMs));
    reviews.delete(key);
    reviews.set(key, { status, until: now() + (options.keepMs ?? 10_000) });
    const [oldest] = reviews.keys();
    if (reviews.size > maxReviews && oldest !== undefined) reviews.delete(oldest);
    // Trouble is no review.
    status.catch(() => reviews.delete(key));
    return status;
  };
  return async ({ headers: { authorization } }) => {
    if (authorization === undefined) return undefined;
    const [, token] = bearer.exec(authorization) ?? [];
    if (token === undefined)
      throw refused("invalid_request", "The Authorization header has no bearer token.");
    let status: TokenReviewStatus;
    try {
      status = await statusOf(token);
    } catch (error) {
      options.onTrouble?.(error);
      throw new HttpProblem({
        status: 503,
        code: "authentication_unavailable",
        message:
          "The token cannot be reviewed at the moment, since the Kubernetes API does not answer as it should.",
        headers: retryAfter(5_000),
        issuedNothing: true,
        cause: error,
      });
    }
    const caller = callerOf(status, audiences);
    if (caller === undefined)
      throw refused(
        "invalid_token",
        "The token is not accepted: it has expired, is of another cluster or not for this service's audience.",
      );
    if (usernames.includes(caller.username) || caller.groups.some((group) => groups.includes(group)))
      return caller;
    throw new HttpProblem({
      status: 403,
      code: "forbidden",
      message:
        "The token is of somebody who may not use this service. Have its user name or a group allowed.",
    });
  };
}

/**
 * An API server that knows no audiences answers `authenticated` without any: then the token may be for anything, and
 * whoever asks must refuse it (authentication.k8s.io/v1, TokenReviewStatus.audiences).
 */
function callerOf(status: TokenReviewStatus, audiences: readonly string[]): Caller | undefined {
  const { authenticated, user, audiences: shared = [] } = status;
  const username = user?.username ?? "";
  if (authenticated !== true || username === "" || !shared.some((each) => audiences.includes(each)))
    return undefined;
  const [, namespace = ""] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username) ?? [];
  return {
    id: `token:${username}`,
    username,
    uid: user?.uid,
    groups: user?.groups ?? [],
    namespace,
    method: "token",
  };
}

function refused(error: "invalid_request" | "invalid_token", message: string): HttpProblem {
  return new HttpProblem({
    status: 401,
    code: "unauthenticated",
    message,
    headers: { "www-authenticate": `Bearer error="${error}"` },
  });
}

import {
  isPermanent,
  issuedNothing,
  retryAfterMs,
  SignerError,
  signerErrorCode,
} from "@countersign/issuer-signer";
import { HttpProblem, retryAfter } from "./http-problem.ts";

/** How soon trouble is worth another try where nobody says, in milliseconds. */
const defaultRetryMs = 10_000;

/**
 * What a signer's error means over HTTP. The words of the closed set are made for people and hold no secrets, so they are
 * passed on; those of any other error are not.
 */
export function problemOfError(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const known = knownError(error);
  if (known === undefined)
    return new HttpProblem({
      status: 500,
      code: "internal_error",
      message: "The service failed. Its log has the request id and the reason.",
      headers: retryAfter(defaultRetryMs),
      cause: error,
    });
  const { message } = known;
  const code = signerErrorCode(error);
  if (code === "INVALID_CSR")
    return new HttpProblem({ status: 400, code: "invalid_csr", message, cause: error });
  if (isPermanent(code)) return new HttpProblem({ status: 422, code: "rejected", message, cause: error });
  if (code === "ISSUER")
    return new HttpProblem({ status: 502, code: "issuer_error", message, issuedNothing: true, cause: error });
  const headers = retryAfter(retryAfterMs(error) ?? defaultRetryMs);
  return code === "BAD_CERTIFICATE"
    ? new HttpProblem({ status: 502, code: "bad_certificate", message, headers, cause: error })
    : new HttpProblem({
        status: 503,
        code: "pki_unavailable",
        message,
        headers,
        issuedNothing: issuedNothing(error),
        cause: error,
      });
}

/** The first error of the closed set in the chain of causes; by its code, since another copy of the class may have thrown it. */
function knownError(error: unknown): Error | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if (at instanceof SignerError || ("code" in at && codes.has(String(at.code)))) return at;
  }
  return undefined;
}

const codes: ReadonlySet<string> = new Set([
  "PERMANENT",
  "REQUEST_REJECTED",
  "INVALID_CSR",
  "BAD_CERTIFICATE",
  "ISSUER",
  "RETRYABLE",
]);

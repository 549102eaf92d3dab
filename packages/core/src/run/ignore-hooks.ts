import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import type { IssuerRef } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import { errorText } from "../request/conclude.ts";

/** What is left alone: to share the objects of one kind among several programs, or to keep hands off some. */
export interface IgnoreHooks {
  /**
   * Whether a request that names one of the definition's issuers is left alone. Asked before anything is written to it, and
   * again whenever it changes. A Kubernetes CertificateSigningRequest comes in the shape of a CertificateRequest.
   */
  readonly ignoreRequest?:
    | ((request: CertificateRequest, issuer: IssuerRef) => boolean | Promise<boolean>)
    | undefined;
  /**
   * Whether an issuer object and every request that names it are left alone. Asked before the issuer is connected or
   * written to, and again whenever it changes. While an issuer does not exist nobody can tell, so where this hook is
   * given a request whose issuer is missing is left alone too.
   */
  readonly ignoreIssuer?: ((issuer: IssuerObject) => boolean | Promise<boolean>) | undefined;
}

/** What {@link ignoresRequest} asks about. */
export interface IgnoreRequestInput {
  readonly request: CertificateRequest;
  readonly ref: IssuerRef;
  /** The issuer object, if it exists. */
  readonly issuer: IssuerObject | undefined;
}

/** A hook is the embedder's own code: one that hangs must not hold a worker for ever. */
const hookTimeoutMs = 30_000;

/** @throws what `ignoreRequest` or `ignoreIssuer` throws, and at the deadline of 30 s */
export async function ignoresRequest(
  hooks: IgnoreHooks,
  { request, ref, issuer }: IgnoreRequestInput,
  signal: AbortSignal,
): Promise<boolean> {
  const { ignoreRequest, ignoreIssuer } = hooks;
  if (ignoreRequest && (await asked("ignoreRequest", () => ignoreRequest(request, ref), signal))) return true;
  if (ignoreIssuer === undefined) return false;
  return issuer === undefined || ignoresIssuer(hooks, issuer, signal);
}

/** @throws what `ignoreIssuer` throws, and at the deadline of 30 s */
export async function ignoresIssuer(
  { ignoreIssuer }: IgnoreHooks,
  issuer: IssuerObject,
  signal: AbortSignal,
): Promise<boolean> {
  return ignoreIssuer !== undefined && asked("ignoreIssuer", () => ignoreIssuer(issuer), signal);
}

async function asked(
  hook: keyof IgnoreHooks,
  ask: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const late = () => new Error(`it took longer than ${hookTimeoutMs / 1000} s`);
  try {
    const answer = ask();
    if (typeof answer === "boolean") return answer;
    return (await withDeadline({ signal, timeoutMs: hookTimeoutMs, late }, () => answer)) === true;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error(`The hook ${hook} failed, so nothing was written: ${errorText(error)}`, { cause: error });
  }
}

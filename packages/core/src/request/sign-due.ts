import { isPermanent, signerErrorCode } from "@countersign/issuer-signer";
import type { CertificateRequest } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Park } from "../queue/work-queue.ts";
import { type AttemptEnd, type AttemptOptions, type AttemptPorts, attempt } from "./attempt.ts";
import { type AttemptLimits, type Conclusion, type ConclusionInput, conclude } from "./conclude.ts";
import type { IssuerSlot, SlotLimits } from "./issuer-slots.ts";
import { assertLegalStatus } from "./legal-status.ts";
import { keepForReuse, type ReuseInput, reuse } from "./reuse.ts";
import { toSignRequest } from "./sign-request.ts";

/** How a due request is signed. */
export interface SignDueOptions extends AttemptOptions {
  readonly ports: AttemptPorts & {
    /** Leave to call the signer; or undefined: the request will be looked at again. */
    enter(issuer: string, request: string, limits: SlotLimits): IssuerSlot | undefined;
  };
  readonly limits: AttemptLimits;
}

/** The request that is due. */
export interface SignDueInput extends ReuseInput {
  readonly key: string;
  /** Of the issuer, as text. */
  readonly issuer: string;
  readonly park: Park;
}

/** What came of it. */
export interface SignedDue {
  /** The request with what has been written to it meanwhile. */
  readonly request: CertificateRequest;
  /** Not written yet. */
  readonly conclusion: Conclusion;
}

/**
 * Has a request signed that is due, or answers it with an identical one's certificate, and concludes what to write.
 * Undefined: there is no slot for it, or it is due no more.
 */
export async function signDue(options: SignDueOptions, input: SignDueInput): Promise<SignedDue | undefined> {
  const { definition, clock, limits, lifecycle } = options;
  const end = (await reuse(options, input)) ?? (await attemptInSlot(options, input));
  if (end === undefined || end.result.status === "overtaken") return undefined;
  const conclusion = concludeLegally(lifecycle, {
    group: definition.group,
    request: end.request,
    attemptId: end.attemptId,
    times: end.times,
    limits,
    ofIssuer: input.connection.limits,
    now: clock(),
    result: end.result,
  });
  return { request: end.request, conclusion };
}

async function attemptInSlot(options: SignDueOptions, input: SignDueInput): Promise<AttemptEnd | undefined> {
  const { connection, request, key, issuer } = input;
  const slot = options.ports.enter(issuer, key, connection.limits);
  if (slot === undefined) return undefined;
  try {
    const signRequest = toSignRequest(request);
    await input.authorize();
    const end = await attempt(options, { ...input, signRequest });
    keepForReuse(connection, signRequest, end, options.clock());
    return end;
  } catch (error) {
    // What is refused is the request's fault. A stop or the cluster's trouble is not: it is looked at again.
    if (!isPermanent(signerErrorCode(error))) throw error;
    return { result: { status: "error", error }, request, times: {}, attemptId: "" };
  } finally {
    slot.leave();
  }
}

/**
 * A signer's own conditions may be impossible to write: its answer is too dear to be lost for them, so they are left out.
 * A state that cannot be kept is an error like any other of the signer.
 */
function concludeLegally(lifecycle: Lifecycle, input: ConclusionInput): Conclusion {
  const { result } = input;
  try {
    const conclusion = conclude(input);
    assertLegalStatus(conclusion.status);
    return conclusion;
  } catch (error) {
    if (result.status === "error" || result.conditions === undefined)
      return conclude({ ...input, result: { status: "error", error } });
    const { namespace = "", name } = input.request.metadata;
    const where = `the signer's conditions for ${namespace}/${name}, which are left out`;
    lifecycle.announce("trouble", { where, error });
    return concludeLegally(lifecycle, { ...input, result: { ...result, conditions: undefined } });
  }
}

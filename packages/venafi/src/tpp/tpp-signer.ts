import {
  BadCertificateError,
  type CannotTell,
  type CheckContext,
  cannotTell,
  type Issued,
  issued,
  type Pending,
  pending,
  RequestRejected,
  RetryableError,
  type SignContext,
  type Signer,
  type SignOutcome,
  type SignRequest,
} from "@countersign/issuer-signer";
import { textField } from "../answer.ts";
import { type CustomField, customFieldsOf } from "../custom-fields.ts";
import { isUniqueToRequest, objectName } from "../object-name.ts";
import { firstLookMs, nextLookMs, type TppOrder, type VenafiOperation } from "../operation.ts";
import { said } from "../server-error.ts";
import { inQuotes } from "../words.ts";
import { certificateOf } from "./certificate-data.ts";
import { policyViolations } from "./policy-violations.ts";
import { requestBody } from "./request-body.ts";
import { requestError } from "./request-error.ts";
import { resetProcessing } from "./reset-processing.ts";
import { type CheckTppOptions, checkTpp } from "./tpp-check.ts";
import { lookAt, rejectedByWorkflow } from "./tpp-lookup.ts";

/** What {@link TppSigner} needs: the parts that `connect` makes of the issuer's spec. */
export interface TppSignerParts extends Omit<CheckTppOptions, "signal"> {
  readonly origin: string;
  readonly cadn: string | undefined;
  readonly objectName: string;
  readonly contacts: readonly string[];
  readonly customFields: readonly CustomField[];
  readonly allowedCustomFields: readonly string[];
  /** Resolves after so many milliseconds, or rejects when the signal fires. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** An object whose processing stops again and again is left to people after so many resets. */
const maxResets = 4;
/** A stop, or a certificate of another key, is believed when it is seen again after this time, in milliseconds. */
const believeAfterMs = 1_500;
/** For how long a certificate of another key may be the object's older one, in milliseconds. */
const otherKeyMs = 60_000;
/** How long until a stopped order is looked at again that the issuer does not reset any more, in milliseconds. */
const stoppedWaitMs = 60_000;
/** Whoever died while it requested may have been heard a moment later, in milliseconds. */
const settleMs = 1_000;

/**
 * Enrols by TPP's WebSDK: one issuer object, one policy folder. A request becomes a certificate object under a name of its
 * own; one call looks at it once, and its DN is all that has to be kept.
 */
export class TppSigner implements Signer<VenafiOperation> {
  readonly #parts: TppSignerParts;

  constructor(parts: TppSignerParts) {
    this.#parts = parts;
  }

  check({ signal }: CheckContext): Promise<void> {
    return checkTpp({ ...this.#parts, signal });
  }

  async sign(
    request: SignRequest,
    context: SignContext<VenafiOperation>,
  ): Promise<SignOutcome<VenafiOperation>> {
    const { operation: order, signal } = context;
    if (order?.kind !== "tpp") return this.#order(request, context, { resets: 0 });
    if (order.next === "request") return this.#order(request, context, order);
    const look = await lookAt(this.#parts.session, order.dn, signal);
    switch (look.state) {
      case "certificate":
        return this.#issue(request, order, certificateOf(look.answer, request.parsedCsr));
      case "processing":
        return this.#wait(order, look.message);
      case "stopped":
        if (look.isRejected) throw rejectedByWorkflow(look.message);
        return this.#stopped(order, look.message, signal);
      case "absent":
        return this.#gone(order);
    }
  }

  /** Looks at the object that the request has, where no other request can have the same. */
  async find(
    request: SignRequest,
    { attemptId, signal }: SignContext<VenafiOperation>,
  ): Promise<SignOutcome<VenafiOperation> | CannotTell | undefined> {
    const { session, delay, now } = this.#parts;
    const dn = this.#dn(request, attemptId);
    let look = await lookAt(session, dn, signal);
    if (look.state === "absent") {
      await delay(settleMs, signal);
      look = await lookAt(session, dn, signal);
    }
    if (look.state === "absent") return undefined;
    if (look.state === "certificate") {
      const chain = certificateOf(look.answer, request.parsedCsr);
      return chain === undefined ? undefined : issued({ chain });
    }
    if (!isUniqueToRequest(this.#parts.objectName))
      return cannotTell("its object is being processed, perhaps for another request of the same name");
    return this.#wait({ kind: "tpp", dn, requestedAt: now(), resets: 0 }, look.message);
  }

  close(): Promise<void> {
    return this.#parts.session.close();
  }

  #dn(request: SignRequest, attemptId: string): string {
    return `${this.#parts.zone.dn}\\${objectName(this.#parts.objectName, request, attemptId)}`;
  }

  async #order(
    request: SignRequest,
    { attemptId, signal }: SignContext<VenafiOperation>,
    { resets, recreated }: Pick<TppOrder, "resets" | "recreated">,
  ): Promise<Pending<VenafiOperation>> {
    const { session, zone, now, allowedCustomFields: allowed } = this.#parts;
    const { annotations } = request;
    const customFields = customFieldsOf({ fields: this.#parts.customFields, allowed, annotations });
    const violations = await this.#violations(request, signal);
    if (violations.length > 0)
      throw new RequestRejected(
        `The policy of zone ${inQuotes(zone.dn)} does not allow the request: ${violations.join("; ")}. Ask for what it allows, or have it changed.`,
      );
    const name = objectName(this.#parts.objectName, request, attemptId);
    const answer = await session.call({
      method: "POST",
      path: "vedsdk/certificates/request",
      json: requestBody({
        ...this.#parts,
        ...{ request, customFields, policyDn: zone.dn, objectName: name, now: now() },
      }),
      idempotent: false,
      what: "a certificate request",
      accepts: ({ status }) => status === 400,
      signal,
    });
    if (answer.status === 400) {
      zone.forget();
      throw requestError(answer, zone.dn);
    }
    // A 202 says that TPP is not done within WorkToDoTimeout: the object is there all the same.
    const dn = textField(answer.json, "CertificateDN");
    if (dn === undefined)
      throw new RetryableError(
        `${said("TPP", answer)} to a certificate request without naming an object. Check that tpp.url is a TPP's.`,
      );
    const again = recreated === undefined ? {} : { recreated };
    return pending<VenafiOperation>({
      operation: { kind: "tpp", dn, requestedAt: now(), resets, ...again },
      retryAfterMs: firstLookMs * 2 ** resets,
      message: `TPP has the request as ${inQuotes(dn)}.`,
    });
  }

  /** What was read some minutes ago fails no request: it may have been changed for the very one. */
  async #violations({ parsedCsr }: SignRequest, signal: AbortSignal): Promise<readonly string[]> {
    const { zone } = this.#parts;
    const violations = policyViolations(await zone.policy(signal), parsedCsr);
    return violations.length === 0 ? violations : policyViolations(await zone.refresh(signal), parsedCsr);
  }

  #issue(request: SignRequest, order: TppOrder, chain: string | undefined): SignOutcome<VenafiOperation> {
    if (chain !== undefined) return issued({ chain }) satisfies Issued;
    const now = this.#parts.now();
    const { otherKeyAt = now } = order;
    const problem = `The object ${inQuotes(order.dn)} has a certificate for another key than the request's`;
    if (now - otherKeyAt >= otherKeyMs)
      throw new BadCertificateError(
        `${problem}: another request of ${request.namespace === "" ? "this name" : "the same name"} has taken the object. Put {attempt} into tpp.objectName, so that none shares it`,
      );
    return this.#wait({ ...order, otherKeyAt }, `${problem}, most likely an older one.`);
  }

  #wait(order: TppOrder, message: string): Pending<VenafiOperation> {
    const retryAfterMs = nextLookMs(order.requestedAt, this.#parts.now());
    return pending<VenafiOperation>({ operation: order, retryAfterMs, message });
  }

  /** A reset right after a request may meet the older order of the object, so the stop has to be seen twice. */
  async #stopped(order: TppOrder, message: string, signal: AbortSignal): Promise<Pending<VenafiOperation>> {
    const { now, session } = this.#parts;
    const { stoppedAt = now(), resets } = order;
    if (resets >= maxResets)
      throw new RetryableError(
        `${message} The issuer has reset it ${resets} times. Mend what TPP says, then click Retry or Reset there.`,
        { retryAfterMs: stoppedWaitMs, issuedNothing: true },
      );
    if (now() - stoppedAt < believeAfterMs) return this.#wait({ ...order, stoppedAt }, message);
    await resetProcessing(session, order.dn, message, signal);
    const { stoppedAt: _, ...rest } = order;
    return pending<VenafiOperation>({
      // The request follows in a later call: right behind the reset TPP may still answer with what was before.
      operation: { ...rest, next: "request", resets: resets + 1 },
      retryAfterMs: firstLookMs * 2 ** resets,
      message: `${message} The issuer has reset it and requests it again.`,
    });
  }

  #gone(order: TppOrder): Pending<VenafiOperation> {
    const problem = `The object ${inQuotes(order.dn)} is not in TPP any more, or the user may not view it`;
    if (order.recreated === true)
      throw new RequestRejected(`${problem}, after it was requested twice. Find out who deletes it.`);
    return pending<VenafiOperation>({
      operation: { ...order, next: "request", recreated: true },
      retryAfterMs: firstLookMs,
      message: `${problem}; it is requested again.`,
    });
  }
}

import {
  type CannotTell,
  type CheckContext,
  type CredentialReport,
  cannotTell,
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
import { discreet, objectField, objectList, textField, textList, type VenafiAnswer } from "../answer.ts";
import { type CloudOrder, firstLookMs, nextLookMs, type VenafiOperation } from "../operation.ts";
import { said } from "../server-error.ts";
import { inQuotes, itSaid } from "../words.ts";
import { cloudWords } from "./cloud-error.ts";
import type { CloudSession } from "./cloud-session.ts";
import type { CloudZone } from "./cloud-zone.ts";
import { isoPeriod } from "./iso-period.ts";
import { isOrderRefusal, orderError } from "./order-error.ts";
import { templateViolations } from "./template-violations.ts";

/** What {@link CloudSigner} needs. */
export interface CloudSignerParts {
  readonly session: CloudSession;
  readonly zone: CloudZone;
  readonly origin: string;
  readonly tags: readonly string[];
  readonly report: (report: CredentialReport) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** For so long an order or a certificate that was just made may not be found yet, in milliseconds: up to a minute, and as much again. */
const appearsWithinMs = 120_000;

/**
 * Orders at Venafi's SaaS: one issuer object, one application and issuing template. One call looks at an order once, and its id
 * is all that has to be kept.
 */
export class CloudSigner implements Signer<VenafiOperation> {
  readonly #parts: CloudSignerParts;

  constructor(parts: CloudSignerParts) {
    this.#parts = parts;
  }

  async check({ signal }: CheckContext): Promise<void> {
    const { session, zone, report } = this.#parts;
    if (session.hasApiKey) {
      const answer = await session.call({
        ...{ method: "GET", path: "v1/useraccounts", what: "a look at the user", signal },
      });
      const end = Date.parse(textField(objectField(answer.json, "apiKey"), "validityEndDate") ?? "");
      if (!Number.isNaN(end)) report({ credential: "apiKey", expiresAt: end });
    }
    await zone.refresh(signal);
  }

  async sign(
    request: SignRequest,
    { operation: order, signal }: SignContext<VenafiOperation>,
  ): Promise<SignOutcome<VenafiOperation>> {
    if (order?.kind !== "cloud") return this.#order(request, signal);
    const answer = await this.#look(
      `certificaterequests/${encodeURIComponent(order.id)}`,
      "the order",
      signal,
    );
    if (answer.status === 404) return this.#notYet(order, order.requestedAt, `The order ${order.id}`);
    return this.#read(order, answer, signal);
  }

  /** The SaaS takes no idempotency key, and finds no order by its CSR. */
  async find(): Promise<CannotTell> {
    return cannotTell("Venafi's SaaS cannot be asked for the order of a CSR");
  }

  close(): Promise<void> {
    return this.#parts.session.close();
  }

  async #order(request: SignRequest, signal: AbortSignal): Promise<Pending<VenafiOperation>> {
    const { session, zone, origin, tags, now } = this.#parts;
    const { applicationId, template, violations } = await this.#judged(request, signal);
    if (violations.length > 0)
      throw new RequestRejected(
        `The issuing template of zone ${inQuotes(zone.name)} does not allow the request: ${violations.join("; ")}. Ask for what it allows, or have it changed.`,
      );
    const answer = await session.call({
      method: "POST",
      path: "outagedetection/v1/certificaterequests",
      json: {
        certificateSigningRequest: request.csr,
        applicationId,
        certificateIssuingTemplateId: template.id,
        apiClientInformation: { type: origin, identifier: request.uid },
        validityPeriod: isoPeriod(request.durationSeconds),
        ...(tags.length === 0 ? {} : { tags }),
      },
      idempotent: false,
      what: "an order",
      accepts: isOrderRefusal,
      signal,
    });
    if (isOrderRefusal(answer)) {
      zone.forget();
      throw orderError(answer, zone.name);
    }
    const id = textField(objectList(answer.json, "certificateRequests")[0], "id");
    if (id === undefined)
      throw new RetryableError(
        `${said("Venafi's SaaS", answer)} to an order without its id. Check that cloud.url is the API's.`,
      );
    return pending<VenafiOperation>({
      operation: { kind: "cloud", id, requestedAt: now() },
      retryAfterMs: firstLookMs,
      message: `Venafi has the request as ${id}.`,
    });
  }

  /** A template that was read some minutes ago fails no request: it may have been changed for the very one. */
  async #judged({ parsedCsr }: SignRequest, signal: AbortSignal) {
    const { zone } = this.#parts;
    const known = await zone.parts(signal);
    if (templateViolations(known.template, parsedCsr).length === 0) return { ...known, violations: [] };
    const fresh = await zone.refresh(signal);
    return { ...fresh, violations: templateViolations(fresh.template, parsedCsr) };
  }

  async #read(
    order: CloudOrder,
    answer: VenafiAnswer,
    signal: AbortSignal,
  ): Promise<SignOutcome<VenafiOperation>> {
    const status = discreet(answer, textField(answer.json, "status") ?? "").toUpperCase();
    const error = objectField(answer.json, "errorInformation");
    const words = itSaid(discreet(answer, textField(error, "message") ?? ""));
    if (status === "ISSUED") return this.#fetch(order, textList(answer.json, "certificateIds")[0], signal);
    if (/^(REJECTED|CANCELLED|CANCELED|DENIED|FAILED)/.test(status))
      throw new RequestRejected(
        `Venafi has ${status === "FAILED" ? "failed with" : status.toLowerCase()} the order ${order.id}.${words} ${status === "FAILED" ? "Mend what it says" : "Ask the approvers"}, then create a new request.`,
      );
    return this.#wait(order, `Venafi has the order as ${inQuotes(status)}.${words}`);
  }

  async #fetch(
    order: CloudOrder,
    certificateId: string | undefined,
    signal: AbortSignal,
  ): Promise<SignOutcome<VenafiOperation>> {
    const { issuedAt = this.#parts.now() } = order;
    const known = { ...order, issuedAt };
    if (certificateId === undefined)
      return this.#notYet(known, issuedAt, `The certificate of the order ${order.id}`);
    const path = `certificates/${encodeURIComponent(certificateId)}/contents?chainOrder=EE_FIRST&format=PEM`;
    const answer = await this.#look(path, "the certificate", signal);
    if (answer.status === 404) return this.#notYet(known, issuedAt, `The certificate ${certificateId}`);
    if (answer.status === 409)
      return this.#wait(
        known,
        `The certificate ${certificateId} is not signed yet.${itSaid(cloudWords(answer))}`,
      );
    return issued({ chain: answer.body.toString("latin1") });
  }

  #look(path: string, what: string, signal: AbortSignal): Promise<VenafiAnswer> {
    return this.#parts.session.call({
      method: "GET",
      path: `outagedetection/v1/${path}`,
      what: `a look at ${what}`,
      accepts: ({ status }) => status === 404 || status === 409,
      signal,
    });
  }

  #notYet(order: CloudOrder, since: number, what: string): Pending<VenafiOperation> {
    if (this.#parts.now() - since < appearsWithinMs)
      return this.#wait(order, `${what} does not appear in the inventory yet.`);
    throw new RequestRejected(
      `${what} is not in Venafi's inventory, ${appearsWithinMs / 1000} s after it should be. Find out who removed it, then create a new request.`,
    );
  }

  #wait(order: CloudOrder, message: string): Pending<VenafiOperation> {
    const { now } = this.#parts;
    const retryAfterMs = nextLookMs(order.issuedAt ?? order.requestedAt, now());
    return pending<VenafiOperation>({ operation: order, retryAfterMs, message });
  }
}

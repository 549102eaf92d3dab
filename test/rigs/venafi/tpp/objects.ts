import { createHash, type KeyObject } from "node:crypto";
import type { Csr, X509 } from "@countersign/issuer-core";
import { Refused } from "../answer.ts";
import { guidOf } from "../guid.ts";
import type { Ledger } from "../ledger.ts";
import { refusalOf, type SimulatorCa } from "../simulator-ca.ts";
import type { TppLedgerEntry } from "./ledger.ts";

/** A CSR on its way through the lifecycle. */
export interface TppOrder {
  readonly csr: Csr;
  /** Where the server made the key. */
  readonly key?: KeyObject | undefined;
  readonly notAfter: Date;
  /** Work that is left before the CA has answered: one less with each look. */
  looksLeft: number;
  /** Waits for approval. */
  held: boolean;
  /** How it will end instead of with a certificate. */
  readonly failure?: ProcessingError | undefined;
  /** Under way, so that two looks at the same time make one certificate. */
  issuing?: Promise<void> | undefined;
}

/** Where processing stands, in a product's numbers: 500 Post CSR, 600 Approve Request. */
export interface ProcessingError {
  readonly stage: number;
  readonly status: string;
}

/** An issued certificate with what belongs to it. */
export interface TppCertificate {
  readonly leaf: X509;
  readonly csr: Csr;
  readonly key?: KeyObject | undefined;
  revoked: boolean;
}

/** A certificate object: it stays when its certificate is renewed. */
export interface TppObject {
  readonly dn: string;
  readonly guid: string;
  readonly createdAt: Date;
  /** In the making; undefined while nothing is. */
  order: TppOrder | undefined;
  /** What was last taken, also after its end. */
  lastOrder: TppOrder | undefined;
  /** Processing stopped; only a reset or a retry goes on. */
  error: ProcessingError | undefined;
  /** The last is the one in use, those before are archived. */
  readonly certificates: TppCertificate[];
  readonly customFields: Map<string, readonly string[]>;
  origin: string;
  contacts: readonly string[];
  disabled: boolean;
}

/** How orders fare that are taken from now on. */
export interface TppProcessing {
  /** Looks that find an order pending. */
  looks: number;
  /** Every order waits for approval, whatever its folder says. */
  hold: boolean;
  /** Errors in which the next orders end, the first of them first. */
  readonly failures: ProcessingError[];
}

/** What is ordered for an object. */
export interface NewOrder {
  readonly how: "request" | "renew" | "restart";
  readonly csr: Csr;
  readonly key?: KeyObject | undefined;
  readonly notAfter: Date;
  readonly workflow: boolean;
}

/** Options of {@link TppObjects}. */
export interface TppObjectsOptions {
  readonly ca: SimulatorCa;
  readonly ledger: Ledger<TppLedgerEntry>;
  readonly clock: () => Date;
}

/** What an object in error says once it has been asked to work: recorded texts of a 22.4. */
const untouched = "WebSDK CertRequest Module Requested Certificate";
const inError =
  "This certificate cannot be processed while it is in an error state. Fix any errors, and then click Retry.";

/** The certificate objects of a TPP and what becomes of them. */
export class TppObjects {
  readonly processing: TppProcessing = { looks: 0, hold: false, failures: [] };
  readonly #options: TppObjectsOptions;
  readonly #byDn = new Map<string, TppObject>();
  #issued = 0;

  constructor(options: TppObjectsOptions) {
    this.#options = options;
  }

  get all(): readonly TppObject[] {
    return [...this.#byDn.values()];
  }

  find(dn: string): TppObject | undefined {
    return this.#byDn.get(dn.toLowerCase());
  }

  /** Throws the 400 for an object that is not there. */
  get(dn: string): TppObject {
    const object = this.find(dn);
    if (object === undefined) throw refused(`Certificate ${dn} does not exist.`);
    return object;
  }

  create(dn: string): TppObject {
    const known = this.find(dn);
    if (known !== undefined) return known;
    const object: TppObject = {
      dn,
      guid: guidOf(dn),
      createdAt: this.#options.clock(),
      order: undefined,
      lastOrder: undefined,
      error: undefined,
      certificates: [],
      customFields: new Map(),
      origin: "",
      contacts: [],
      disabled: false,
    };
    this.#byDn.set(dn.toLowerCase(), object);
    return object;
  }

  remove(dn: string): void {
    this.#byDn.delete(dn.toLowerCase());
  }

  /** Takes a CSR. One that is in the making is dropped for it; an object in error takes it and does nothing. */
  order(object: TppObject, { how, csr, key, notAfter, workflow }: NewOrder): void {
    const { ledger } = this.#options;
    const entry = { how, dn: object.dn, csrSha256: sha256(csr) };
    const { looks: looksLeft, hold } = this.processing;
    const order = { csr, key, notAfter, looksLeft, held: hold || workflow };
    if (object.error !== undefined) {
      object.lastOrder = order;
      object.error = { stage: object.error.stage, status: untouched };
      ledger.append({ kind: "stuck-order", ...entry });
      return;
    }
    ledger.append({ kind: "order", ...entry });
    this.#begin(object, { ...order, failure: this.processing.failures.shift() });
  }

  /**
   * One look at an object: pending work gets on by one step. Answers the certificate in use. Throws the 202 of one that is
   * in the making and the 500 of one that is in error.
   */
  async look(object: TppObject): Promise<TppCertificate> {
    const { order } = object;
    if (object.error !== undefined) {
      const error = object.error;
      if (error.status === untouched) object.error = { ...error, status: inError };
      throw stopped(object.dn, error);
    }
    if (order !== undefined) {
      if (order.held) throw pending(object.dn, 600, "Approve Request");
      if (order.looksLeft > 0) {
        order.looksLeft -= 1;
        throw pending(object.dn, 500, "Post CSR");
      }
      order.issuing ??= this.#finish(object, order);
      await order.issuing;
      if (object.error !== undefined) throw stopped(object.dn, object.error);
    }
    const certificate = object.certificates.at(-1);
    if (certificate === undefined) throw refused(`Certificate ${object.dn} has no certificate data.`);
    return certificate;
  }

  /** Ends whatever is under way. False where nothing was, and nothing is in error. */
  reset(object: TppObject): boolean {
    if (object.order === undefined && object.error === undefined) return false;
    this.#options.ledger.append({ kind: "reset", dn: object.dn, dropped: object.order !== undefined });
    object.order = undefined;
    object.error = undefined;
    return true;
  }

  /** Takes up again what stopped in an error. False where nothing did. */
  retry(object: TppObject): boolean {
    const { error, lastOrder } = object;
    if (error === undefined || lastOrder === undefined) return false;
    object.error = undefined;
    this.#options.ledger.append({ kind: "retry", dn: object.dn });
    const failure = this.processing.failures.shift();
    this.#begin(object, { ...lastOrder, held: false, issuing: undefined, failure });
    return true;
  }

  /** Stops processing in an error, as an approver who says no does. */
  stop(object: TppObject, error: ProcessingError): void {
    object.order = undefined;
    object.error = error;
    this.#options.ledger.append({ kind: "failure", dn: object.dn, status: error.status });
  }

  #begin(object: TppObject, order: TppOrder): void {
    object.order = order;
    object.lastOrder = order;
  }

  async #finish(object: TppObject, order: TppOrder): Promise<void> {
    const { ca, ledger } = this.#options;
    const { csr, key, notAfter, failure } = order;
    this.#issued += 1;
    const seed = `${object.guid} ${this.#issued}`;
    const leaf = failure === undefined ? await ca.issue({ csr, seed, notAfter }).catch(refusalOf) : undefined;
    // A reset in the meantime has dropped the order.
    if (object.order !== order) return;
    object.order = undefined;
    if (leaf === undefined || typeof leaf === "string") {
      const status = failure?.status ?? `Post CSR failed with error: ${leaf}`;
      this.stop(object, { stage: failure?.stage ?? 500, status });
      return;
    }
    ledger.append({ kind: "certificate", dn: object.dn, csrSha256: sha256(csr), serial: leaf.serialHex });
    object.certificates.push({ leaf, csr, key, revoked: false });
  }
}

/**
 * The 400 of most calls: the text in the status line too, but where it has line ends, which no status line holds. Then the
 * reason is the one that a user has shown.
 */
export function refused(error: string): Refused {
  const reason = /[\r\n]/.test(error) ? "Bad Request, check Error in response for details." : error;
  return new Refused({ status: 400, reason, json: { Error: error } });
}

function pending(dn: string, stage: number, status: string): Refused {
  const reason = `Certificate ${dn} being processed, Status: ${status}, Stage: ${stage}.`;
  return new Refused({ status: 202, reason, json: { Stage: stage, Status: status } });
}

function stopped(dn: string, { stage, status }: ProcessingError): Refused {
  const reason = `Certificate ${dn} has encountered an error while processing, Status: ${status}, Stage: ${stage}.`;
  return new Refused({ status: 500, reason, json: { Stage: stage, Status: status } });
}

function sha256({ der }: Csr): string {
  return createHash("sha256").update(der).digest("hex");
}

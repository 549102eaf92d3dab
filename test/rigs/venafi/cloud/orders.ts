import { createHash, randomUUID } from "node:crypto";
import type { Csr, X509 } from "@countersign/issuer-core";
import type { Ledger } from "../ledger.ts";
import { refusalOf, type SimulatorCa } from "../simulator-ca.ts";
import { cloudError, knownCodes, ownCodes } from "./error.ts";
import type { CloudLedgerEntry } from "./ledger.ts";

/** `errorInformation` of an order that has failed. */
export interface ErrorInformation {
  readonly type: string;
  readonly code: number;
  readonly message: string;
  readonly args: readonly string[];
}

type Ended = "REJECTED" | "CANCELLED" | "FAILED";

/** A certificate request of the SaaS. */
export interface CloudOrder {
  readonly id: string;
  readonly applicationId: string;
  readonly templateId: string;
  readonly csr: Csr;
  readonly notAfter: Date;
  readonly createdAt: Date;
  readonly tags: readonly string[];
  /** The certificate that it renews. */
  readonly renews: string | undefined;
  status: "NEW" | "PENDING" | "REQUESTED" | "ISSUED" | Ended;
  errorInformation: ErrorInformation | undefined;
  looksLeft: number;
  held: boolean;
  readonly failure: ErrorInformation | undefined;
  certificateId: string | undefined;
  issuing?: Promise<void> | undefined;
}

/** A certificate in the inventory. */
export interface CloudCertificate {
  readonly id: string;
  readonly order: CloudOrder;
  readonly leaf: X509;
  /** Looks that do not find it yet: 404. */
  missingFor: number;
  /** Looks at its contents that find it not signed yet: 409. */
  unsignedFor: number;
  retired: boolean;
  revoked: boolean;
}

/** How orders fare that are taken from now on. */
export interface CloudProcessing {
  looks: number;
  hold: boolean;
  missingFor: number;
  unsignedFor: number;
  readonly failures: ErrorInformation[];
}

/** What is ordered. */
export interface NewCloudOrder {
  readonly zone: string;
  readonly applicationId: string;
  readonly templateId: string;
  readonly csr: Csr;
  readonly notAfter: Date;
  readonly tags: readonly string[];
  readonly renews: string | undefined;
  readonly approval: boolean;
}

/** Options of {@link CloudOrders}. */
export interface CloudOrdersOptions {
  readonly ca: SimulatorCa;
  readonly ledger: Ledger<CloudLedgerEntry>;
  readonly clock: () => Date;
}

/** The orders of the SaaS and the inventory that comes of them. */
export class CloudOrders {
  readonly processing: CloudProcessing = {
    looks: 0,
    hold: false,
    missingFor: 0,
    unsignedFor: 0,
    failures: [],
  };
  readonly #options: CloudOrdersOptions;
  readonly #orders = new Map<string, CloudOrder>();
  readonly #certificates = new Map<string, CloudCertificate>();

  constructor(options: CloudOrdersOptions) {
    this.#options = options;
  }

  get orders(): readonly CloudOrder[] {
    return [...this.#orders.values()];
  }

  get certificates(): readonly CloudCertificate[] {
    return [...this.#certificates.values()];
  }

  take({ zone, approval, ...order }: NewCloudOrder): CloudOrder {
    const { ledger, clock } = this.#options;
    const id = randomUUID();
    const { looks: looksLeft, hold, failures } = this.processing;
    const taken: CloudOrder = {
      ...order,
      id,
      createdAt: clock(),
      status: "NEW",
      errorInformation: undefined,
      looksLeft,
      held: hold || approval,
      failure: failures.shift(),
      certificateId: undefined,
    };
    ledger.append({ kind: "order", id, zone, csrSha256: sha256(order.csr), tags: order.tags });
    this.#orders.set(id, taken);
    return taken;
  }

  /** One look at an order: it gets on by one step. Throws the 404 of one that is not there. */
  async look(id: string): Promise<CloudOrder> {
    const order = this.#orders.get(id);
    if (order === undefined)
      throw cloudError(404, knownCodes.notFound, `Unable to find certificateRequest for key ${id}`, [id]);
    if (order.status !== "NEW" && order.status !== "PENDING" && order.status !== "REQUESTED") return order;
    if (order.held) order.status = "PENDING";
    else if (order.looksLeft > 0) {
      order.looksLeft -= 1;
      order.status = order.status === "NEW" ? "PENDING" : "REQUESTED";
    } else {
      order.issuing ??= this.#issue(order);
      await order.issuing;
    }
    return order;
  }

  /** A certificate of the inventory, whose id is known from its order. Throws the 404 of one that is not there yet. */
  certificate(id: string): CloudCertificate {
    const certificate = this.#certificates.get(id);
    if (certificate === undefined || certificate.missingFor > 0) {
      if (certificate !== undefined) certificate.missingFor -= 1;
      throw cloudError(404, ownCodes.notInInventory, `Unable to find certificate for key ${id}`, [id]);
    }
    return certificate;
  }

  end(order: CloudOrder, status: Ended, errorInformation?: ErrorInformation): void {
    order.status = status;
    order.errorInformation = errorInformation;
    this.#options.ledger.append({ kind: "ended", id: order.id, status });
  }

  async #issue(order: CloudOrder): Promise<void> {
    const { ca, ledger } = this.#options;
    const { csr, id, notAfter, failure } = order;
    if (failure !== undefined) return this.end(order, "FAILED", failure);
    const leaf = await ca.issue({ csr, seed: id, notAfter }).catch(refusalOf);
    // Rejected or cancelled in the meantime.
    if (order.status === "REJECTED" || order.status === "CANCELLED") return;
    if (typeof leaf === "string") {
      const error = { type: "CA", code: ownCodes.issuance, message: leaf, args: [] };
      return this.end(order, "FAILED", error);
    }
    const certificateId = randomUUID();
    const { missingFor, unsignedFor } = this.processing;
    const flags = { missingFor, unsignedFor, retired: false, revoked: false };
    this.#certificates.set(certificateId, { id: certificateId, order, leaf, ...flags });
    order.certificateId = certificateId;
    order.status = "ISSUED";
    const serial = leaf.serialHex;
    ledger.append({ kind: "certificate", id, certificateId, csrSha256: sha256(csr), serial });
  }
}

function sha256({ der }: Csr): string {
  return createHash("sha256").update(der).digest("hex");
}

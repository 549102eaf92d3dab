import type { Faults } from "../faults.ts";
import { ownCodes } from "./error.ts";
import type { CloudOrder, ErrorInformation } from "./orders.ts";
import type { CloudState } from "./state.ts";
import type { CloudTemplate } from "./template.ts";

/** What a test does to a simulator of the SaaS. */
export class CloudControl {
  readonly #state: CloudState;
  /** The network and the front end. */
  readonly faults: Faults;

  constructor(state: CloudState, faults: Faults) {
    this.#state = state;
    this.faults = faults;
  }

  /** Makes a zone, or replaces what its template says. */
  setPolicy(application: string, alias: string, template: CloudTemplate): void {
    const { zones } = this.#state;
    zones.set(application, new Map([...(zones.get(application) ?? []), [alias, template]]));
  }

  removeApplication(application: string): void {
    this.#state.zones.delete(application);
  }

  /** Orders that are taken from now on are found PENDING, then REQUESTED, so many times. */
  pendingFor(looks: number): void {
    this.#state.orders.processing.looks = looks;
  }

  /** Orders that are taken from now on wait for approval: PENDING. */
  holdInWorkflow(hold = true): void {
    this.#state.orders.processing.hold = hold;
  }

  /** Ids of the orders that wait for approval. */
  get waiting(): readonly string[] {
    return this.#held().map(({ id }) => id);
  }

  /** Approves one order, or every one that waits. */
  approve(id?: string): void {
    for (const order of this.#held(id)) order.held = false;
  }

  /** Ends one order, or every one that waits, as REJECTED. */
  reject(reason: string, id?: string): void {
    const error = { type: "APPROVAL", code: ownCodes.policy, message: reason, args: [] };
    for (const order of this.#held(id)) this.#state.orders.end(order, "REJECTED", error);
  }

  /** Ends one order, or every one that waits, as CANCELLED. */
  cancel(id?: string): void {
    for (const order of this.#held(id)) this.#state.orders.end(order, "CANCELLED");
  }

  /** The next orders end as FAILED. */
  failIssuance(options: { readonly times?: number; readonly error?: Partial<ErrorInformation> } = {}): void {
    const { times = 1, error } = options;
    const message = "The certificate authority could not be reached";
    const information = { type: "CA", code: ownCodes.issuance, message, args: [], ...error };
    for (let turn = 0; turn < times; turn += 1) this.#state.orders.processing.failures.push(information);
  }

  /** Certificates that are issued from now on are not in the inventory for so many looks: 404. */
  missingFor(looks: number): void {
    this.#state.orders.processing.missingFor = looks;
  }

  /** Contents of certificates that are issued from now on are not signed for so many looks: 409. */
  unsignedFor(looks: number): void {
    this.#state.orders.processing.unsignedFor = looks;
  }

  /** From now on certificates are handed out as this one of `badCertificates`; undefined: as they were issued. */
  tamper(name: string | undefined): void {
    this.#state.ca.tamper(name);
  }

  /** From now on certificates are handed out for another key. */
  wrongKey(): void {
    this.tamper("another P-256 key");
  }

  /** Every access token of now has expired. */
  expireAccessTokens(): void {
    this.#state.access.expireTokens();
  }

  /** API keys that are good; change the set to rotate them. */
  get apiKeys(): Set<string> {
    return this.#state.access.apiKeys;
  }

  #held(id?: string): CloudOrder[] {
    const isHeld = (order: CloudOrder) => {
      return order.held && (order.status === "NEW" || order.status === "PENDING");
    };
    return this.#state.orders.orders.filter(
      (order) => isHeld(order) && (id === undefined || order.id === id),
    );
  }
}

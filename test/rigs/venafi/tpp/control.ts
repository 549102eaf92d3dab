import type { Faults } from "../faults.ts";
import type { SimulatorCa } from "../simulator-ca.ts";
import type { TppObject } from "./objects.ts";
import type { TppPolicy } from "./policy.ts";
import type { TppState } from "./state.ts";

/** What a test does to a TPP simulator, as its administrator, its approver or its bad luck. */
export class TppControl {
  readonly #state: TppState;
  readonly #ca: SimulatorCa;
  /** The network and the front end. */
  readonly faults: Faults;

  constructor(state: TppState, faults: Faults) {
    this.#state = state;
    this.#ca = state.ca;
    this.faults = faults;
  }

  /** Makes a policy folder, or replaces what it says. */
  setPolicy(zone: string, policy: TppPolicy): void {
    this.#state.folders.set(zone, policy);
  }

  removePolicy(zone: string): void {
    this.#state.folders.remove(zone);
  }

  /** Orders that are taken from now on are found pending so many times. */
  pendingFor(looks: number): void {
    this.#state.objects.processing.looks = looks;
  }

  /** Orders that are taken from now on wait for approval: 202, stage 600. */
  holdInWorkflow(hold = true): void {
    this.#state.objects.processing.hold = hold;
  }

  /** DNs of the objects that wait for approval. */
  get waiting(): readonly string[] {
    return this.#held().map(({ dn }) => dn);
  }

  /** Approves one object, or every one that waits. */
  approve(dn?: string): void {
    for (const { order } of this.#held(dn)) if (order !== undefined) order.held = false;
  }

  /** Rejects one object, or every one that waits: it ends in an error at stage 600. */
  reject(reason: string, dn?: string): void {
    for (const object of this.#held(dn))
      this.#state.objects.stop(object, { stage: 600, status: `Approval was rejected: ${reason}` });
  }

  /** The next orders end in an error; the object works again only after a reset or retry. */
  failIssuance(
    options: { readonly times?: number; readonly stage?: number; readonly status?: string } = {},
  ): void {
    const { times = 1, stage = 500 } = options;
    const status =
      options.status ?? "Post CSR failed with error: Cannot connect to the certificate authority (CA).";
    for (let turn = 0; turn < times; turn += 1)
      this.#state.objects.processing.failures.push({ stage, status });
  }

  /** From now on certificates are handed out as this one of `badCertificates`; undefined: as they were issued. */
  tamper(name: string | undefined): void {
    this.#ca.tamper(name);
  }

  /** From now on certificates are handed out for another key. */
  wrongKey(): void {
    this.tamper("another P-256 key");
  }

  /** Every access token of now has expired; refresh tokens stay good. */
  expireAccessTokens(): void {
    this.#state.grants.expireAccessTokens();
  }

  /** Every grant of now is revoked, with its refresh token. */
  revokeGrants(): void {
    this.#state.grants.revokeGrants();
  }

  /** Removes a certificate object, as an administrator does. */
  removeObject(dn: string): void {
    this.#state.objects.remove(dn);
  }

  /** What an object is, for a test to look at. */
  object(dn: string): TppObject | undefined {
    return this.#state.objects.find(dn);
  }

  #held(dn?: string): TppObject[] {
    const held = this.#state.objects.all.filter(({ order }) => order?.held === true);
    return dn === undefined ? held : held.filter((object) => object.dn.toLowerCase() === dn.toLowerCase());
  }
}

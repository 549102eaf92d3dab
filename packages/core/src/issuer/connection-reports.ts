import type { CircuitChange, CredentialReport, SignerReports } from "@countersign/issuer-signer";
import type { IssuerRef, Lifecycle } from "../lifecycle/lifecycle.ts";

/**
 * What the signer of one connection reports. It is announced while the connection is the one in use: what one that failed,
 * or was replaced, has to say is about nothing that anybody uses.
 */
export class ConnectionReports implements SignerReports {
  readonly #lifecycle: Lifecycle;
  readonly #issuer: IssuerRef;
  readonly #circuits = new Map<string, CircuitChange>();
  readonly #credentials = new Map<string, CredentialReport>();
  #inUse = false;

  constructor(lifecycle: Lifecycle, issuer: IssuerRef) {
    this.#lifecycle = lifecycle;
    this.#issuer = issuer;
  }

  readonly circuit = (change: CircuitChange): void => {
    this.#circuits.set(change.endpoint, change);
    if (this.#inUse) this.#announceCircuit(change);
  };

  readonly credential = (report: CredentialReport): void => {
    this.#credentials.set(report.credential, report);
    if (this.#inUse) this.#announceCredential(report);
  };

  /** The connection is in use from now on. */
  begin(): void {
    this.#inUse = true;
    for (const change of this.#circuits.values()) this.#announceCircuit(change);
    for (const report of this.#credentials.values()) this.#announceCredential(report);
  }

  /** The connection is in use no more, and what it reported no longer holds: an alert for it would never end. */
  end(): void {
    this.#inUse = false;
    for (const endpoint of this.#circuits.keys()) this.#announceCircuit({ endpoint });
    for (const credential of this.#credentials.keys()) this.#announceCredential({ credential });
  }

  #announceCircuit({ endpoint, state }: Partial<CircuitChange> & Pick<CircuitChange, "endpoint">): void {
    this.#lifecycle.announce("pki:circuit", { issuer: this.#issuer, endpoint, state });
  }

  #announceCredential({
    credential,
    expiresAt: expiresMs,
  }: Partial<CredentialReport> & Pick<CredentialReport, "credential">): void {
    this.#lifecycle.announce("pki:credential", { issuer: this.#issuer, credential, expiresMs });
  }
}

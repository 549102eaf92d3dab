import { IssuerError, type X509 } from "@countersign/issuer-signer";
import type { CertsrvClient } from "./certsrv/certsrv-client.ts";

/** Which CA is behind the web enrolment, known from its first certificate: request ids mean nothing to another one. */
export class Authority {
  readonly #client: CertsrvClient;
  readonly #now: () => number;
  #identity: string | undefined;

  constructor(client: CertsrvClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** SHA-256 of the CA's first certificate, hexadecimal; asked for when it is not known, and by each {@link refresh}. */
  async identity(signal: AbortSignal): Promise<string> {
    this.#identity ??= (await this.#client.authority(0, signal)).sha256Hex;
    return this.#identity;
  }

  /** Asks anew. Resolves to the CA's newest certificate; throws an IssuerError where it cannot issue. */
  async refresh(signal: AbortSignal): Promise<X509> {
    const generation = await this.#client.renewals(signal);
    const newest = await this.#client.authority(generation, signal);
    this.#identity =
      generation === 0 ? newest.sha256Hex : (await this.#client.authority(0, signal)).sha256Hex;
    if (!newest.isCA)
      throw new IssuerError("What certsrv gives as the CA's certificate is none of a CA. Look at the CA.");
    if (newest.notAfter.getTime() <= this.#now())
      throw new IssuerError(
        `The CA's certificate expired ${newest.notAfter.toISOString()}. Renew it at the CA.`,
      );
    return newest;
  }
}

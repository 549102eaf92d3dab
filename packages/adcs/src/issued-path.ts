import {
  BadCertificateError,
  CertificateCache,
  pathFromLeaf,
  RetryableError,
  type X509,
} from "@countersign/issuer-signer";
import { certificateForKey } from "./certsrv/certificate-body.ts";
import type { CertsrvClient } from "./certsrv/certsrv-client.ts";

/** Fetches issued certificates with the CAs above them. */
export class IssuedPath {
  readonly #client: CertsrvClient;
  readonly #cas = new CertificateCache();

  constructor(client: CertsrvClient) {
    this.#client = client;
  }

  /**
   * From the leaf upwards. The request's own PKCS#7 has the generation of the CA that signed; where it has not, all generations
   * are tried, the newest first: the signature decides, since they share a name and may share a key.
   *
   * @throws BadCertificateError where no generation of the CA has signed the leaf
   */
  async of(requestId: number, leaf: X509, signal: AbortSignal): Promise<readonly X509[]> {
    const own = await this.#ownChain(requestId, leaf.spkiDer, signal);
    const path = pathFromLeaf(leaf, this.#known(own));
    // Up to the root there is nothing to add.
    if (path.length > 1 && path.at(-1)?.isSelfSigned) return path;
    for (let generation = await this.#client.renewals(signal); generation >= 0; generation -= 1) {
      const chain = await this.#client.authorityChain(generation, signal);
      const candidate = pathFromLeaf(leaf, this.#known([...own, ...chain]));
      if (candidate.length > path.length) return candidate;
    }
    if (path.length > 1) return path;
    throw new BadCertificateError(
      "no generation of the CA's certificate has signed the certificate of the request; look at the CA",
    );
  }

  /** Empty where the answer cannot be used: it is only the first place to look. */
  async #ownChain(requestId: number, spkiDer: Uint8Array, signal: AbortSignal): Promise<readonly X509[]> {
    try {
      const answer = await this.#client.chain(requestId, signal);
      if (answer.status !== "certificates") return [];
      certificateForKey(answer.certificates, spkiDer);
      return answer.certificates;
    } catch (error) {
      if (error instanceof BadCertificateError || error instanceof RetryableError) return [];
      throw error;
    }
  }

  #known(certificates: readonly X509[]): readonly X509[] {
    return certificates.map((certificate) => this.#cas.read(certificate.der, () => certificate));
  }
}

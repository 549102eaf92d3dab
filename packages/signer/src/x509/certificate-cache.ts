import { hash } from "node:crypto";
import type { X509 } from "./certificate.ts";

/**
 * CA certificates that have been read before, by the SHA-256 of their bytes: a PKI repeats its CAs in every answer. What is
 * computed of one once (its key, whether another CA signed it) is known from then on. Bounded; the one that was not seen
 * for longest is forgotten.
 */
export class CertificateCache {
  readonly #known = new Map<string, X509>();
  readonly #max: number;

  /** @param max certificates to keep; by default 16, since an honest PKI has a chain or two */
  constructor(max = 16) {
    this.#max = max;
  }

  /** The certificate of these bytes, read by `read` unless it is known. */
  read<T extends X509>(der: Uint8Array, read: () => T): X509 {
    const key = hash("sha256", der, "base64url");
    const certificate = this.#known.get(key) ?? read();
    // A leaf does not come again, and would push the CAs out.
    if (!certificate.isCA) return certificate;
    this.#known.delete(key);
    this.#known.set(key, certificate);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#max && oldest !== undefined) this.#known.delete(oldest);
    return certificate;
  }
}

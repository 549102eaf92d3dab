import {
  assertUsableCa,
  type CaProfile,
  type CheckContext,
  type Issued,
  issueFromCa,
  type SignContext,
  type Signer,
  type SignRequest,
  type X509,
} from "@countersign/issuer-signer";
import type { HsmKey } from "./hsm-key.ts";

/** Options of {@link Pkcs11Signer}. */
export interface Pkcs11SignerOptions {
  readonly key: HsmKey;
  /** The CA first, each followed by its issuer. */
  readonly caChain: readonly X509[];
  readonly profile: CaProfile | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Issues with a CA key in a token. Serial and dates follow from the request, unless the profile wants random serials, so a
 * repeated `sign` is the same certificate again, with ECDSA but for the signature.
 */
export class Pkcs11Signer implements Signer {
  readonly #options: Pkcs11SignerOptions;
  readonly idempotent: boolean;

  constructor(options: Pkcs11SignerOptions) {
    this.#options = options;
    this.idempotent = options.profile?.serial !== "random";
  }

  /** The CA certificate can issue and at least one token has its key and is logged in; signs nothing. */
  async check({ signal }: CheckContext): Promise<void> {
    const { key, caChain, clock } = this.#options;
    const [ca] = caChain;
    if (ca !== undefined) assertUsableCa(ca, { now: new Date(clock()) });
    await key.check(signal);
  }

  async sign(request: SignRequest, { signal, attemptId }: SignContext): Promise<Issued> {
    const { key, caChain, profile, clock } = this.#options;
    const signer = await key.signer(signal);
    return issueFromCa({ request, attemptId, caChain, signer, profile, now: new Date(clock()) });
  }

  /** Lets running signatures end, then ends the modules' processes. */
  close(): Promise<void> {
    return this.#options.key.close();
  }
}

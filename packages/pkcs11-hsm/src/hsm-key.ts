import { createPublicKey, type KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CaSigner,
  CredentialGuard,
  ecdsaSignatureToDer,
  IssuerError,
  keyAlgorithmOf,
  signatureAlgorithmForKey,
} from "@countersign/issuer-signer";
import { HsmFault } from "./hsm-fault.ts";
import { HsmToken, type HsmTokenOptions, type HsmTokenState } from "./hsm-token.ts";
import { hashMessage } from "./module/mechanisms.ts";
import type { OpenedKey } from "./protocol.ts";
import { verifyTokenSignature } from "./verify-signature.ts";

/** Which key on the token: its id, its label, or the one of the CA certificate alone. */
export interface HsmKeyRef {
  /** CKA_ID in hexadecimal. */
  readonly id?: string | undefined;
  /** CKA_LABEL. */
  readonly label?: string | undefined;
}

/** Options of {@link HsmKey}. */
export interface HsmKeyOptions {
  /** Tokens that hold the same key, the preferred first: the next is asked where one is not available. */
  readonly tokens: readonly HsmTokenOptions[];
  readonly key?: HsmKeyRef | undefined;
  /** SubjectPublicKeyInfo of the CA certificate: the key must be its own. Left out only to make that certificate. */
  readonly spki?: Uint8Array | undefined;
  /** RSA-PSS signatures with an RSA key. Default false. */
  readonly pss?: boolean | undefined;
  /** Signatures that one token makes at the same time. Default 4. */
  readonly sessions?: number | undefined;
  /** Longest wait for one answer of a module, in milliseconds: then its process is killed. Default 10,000. */
  readonly callTimeoutMs?: number | undefined;
  /** How long a signature waits for tokens that are away, in milliseconds. Default 5,000. */
  readonly patienceMs?: number | undefined;
  /** Told when a token comes or goes. */
  readonly onTokenState?: ((state: HsmTokenState) => void) | undefined;
  /** Shared by keys that may use the same tokens. */
  readonly pinGuard?: CredentialGuard<HsmFault> | undefined;
  /** Whose wrong PIN it is, for {@link CredentialGuard.forget}. */
  readonly owner?: string | undefined;
}

/** Defaults of {@link HsmKeyOptions}. */
export const hsmKeyDefaults = Object.freeze({
  /** Saturates two cores of a software token; network HSMs want as many as their latency allows. */
  sessions: 4,
  callTimeoutMs: 10_000,
  patienceMs: 5_000,
});

/**
 * A private key in one or several tokens, each behind a process of its own. Every signature is verified with the public
 * key before it is given out. Nothing is connected before the first use.
 */
export class HsmKey {
  readonly #options: HsmKeyOptions;
  readonly #tokens: readonly HsmToken[];
  /** What every signature is verified with; known at the latest when the key was opened. */
  #known: Pick<CaSigner, "publicKey" | "algorithm"> | undefined;

  constructor(options: HsmKeyOptions) {
    const { tokens, key = {}, spki, pss = false, onTokenState, owner = "" } = options;
    const { sessions = hsmKeyDefaults.sessions, callTimeoutMs = hsmKeyDefaults.callTimeoutMs } = options;
    if (tokens.length === 0) throw new TypeError("Expected `tokens` to name at least one token, got none");
    const pinGuard = options.pinGuard ?? new CredentialGuard<HsmFault>();
    this.#options = options;
    const publicKey = spki && publicKeyOf(spki);
    const algorithm = publicKey && signatureAlgorithmForKey(keyAlgorithmOf(publicKey), { pss });
    this.#tokens = tokens.map(
      (token) =>
        new HsmToken({
          ...token,
          key: { idHex: key.id?.toLowerCase(), label: key.label, spki },
          algorithm,
          pss,
          sessions,
          callTimeoutMs,
          owner,
          pinGuard,
          onState: onTokenState,
        }),
    );
  }

  /** Looks at every token; resolves where at least one can sign. Throws an {@link IssuerError} that names what each lacks. */
  async check(signal?: AbortSignal): Promise<void> {
    const results = await withAbort(signal, Promise.allSettled(this.#tokens.map((token) => token.check())));
    if (results.some(({ status }) => status === "fulfilled")) return;
    throw issuerError(results.map((result) => (result.status === "rejected" ? result.reason : undefined)));
  }

  /** Opens the key on the first token that has it. Throws an {@link IssuerError}. */
  open(signal?: AbortSignal): Promise<OpenedKey> {
    return this.#withToken(signal, (_token, opened) => Promise.resolve(opened));
  }

  /** The key as the CA's: a {@link CaSigner} whose `sign` throws an {@link IssuerError} where no token can sign in time. */
  async signer(signal?: AbortSignal): Promise<CaSigner> {
    if (this.#known === undefined) {
      const { algorithm, spki } = await this.open(signal);
      this.#known = { algorithm, publicKey: publicKeyOf(this.#options.spki ?? spki) };
    }
    const { algorithm, publicKey } = this.#known;
    const sign = (message: Uint8Array) =>
      this.#withToken(signal, async (token, opened) => {
        const input = opened.input === "digest" ? hashMessage(algorithm, message) : message;
        const signature = await token.sign(input, signal);
        if (!verifyTokenSignature(algorithm, publicKey, message, signature)) {
          token.distrust();
          throw new HsmFault("unavailable", "a signature of the token does not verify; it is not used");
        }
        return algorithm.startsWith("ECDSA") ? ecdsaSignatureToDer(signature) : signature;
      });
    return { publicKey, algorithm, sign, verifies: true };
  }

  /** Lets running signatures end, logs out and ends the processes. */
  async close(): Promise<void> {
    await Promise.all(this.#tokens.map((token) => token.close()));
  }

  /** Tries the tokens in their order, again and again until one serves or patience ends. */
  async #withToken<T>(
    signal: AbortSignal | undefined,
    work: (token: HsmToken, opened: OpenedKey) => Promise<T>,
  ): Promise<T> {
    const until = performance.now() + (this.#options.patienceMs ?? hsmKeyDefaults.patienceMs);
    for (;;) {
      const faults: unknown[] = [];
      for (const token of this.#tokens) {
        signal?.throwIfAborted();
        try {
          return await withAbort(
            signal,
            token.use((opened) => work(token, opened)),
          );
        } catch (error) {
          if (!(error instanceof HsmFault)) throw error;
          faults.push(error);
        }
      }
      const waits = this.#tokens.map((token) => token.retryInMs).filter((wait) => wait !== undefined);
      if (waits.length === 0 || performance.now() >= until) throw issuerError(faults);
      await delay(Math.max(1, Math.min(...waits)), undefined, signal === undefined ? {} : { signal });
    }
  }
}

function publicKeyOf(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
}

function issuerError(faults: readonly unknown[]): IssuerError {
  const texts = [...new Set(faults.map((fault) => (fault instanceof Error ? fault.message : String(fault))))];
  return new IssuerError(`no token can sign: ${texts.join("; ").slice(0, 800)}`, { cause: faults[0] });
}

async function withAbort<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => {});
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

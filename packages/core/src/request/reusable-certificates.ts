import { hash } from "node:crypto";
import { type Issued, issued, type SignRequest } from "@countersign/issuer-signer";
import type { SignResult } from "./conclude.ts";

/** A certificate that was issued and may be issued again. */
export interface ReusableCertificate {
  readonly outcome: Issued;
  /** Namespace and name of the request that it was made for. */
  readonly madeFor: string;
}

/** Sizes of {@link ReusableCertificates}. */
export interface ReusableCertificatesLimits {
  readonly maxEntries: number;
  /** Of PEM text, in bytes. */
  readonly maxBytes: number;
}

/** What one issuer object may take of the memory, whoever asks it for how much. */
const defaultLimits: ReusableCertificatesLimits = Object.freeze({
  maxEntries: 1_000,
  maxBytes: 4 * 1024 * 1024,
});

interface Entry extends ReusableCertificate {
  readonly issuedAtMs: number;
  /** A third of its life: who asks later may be renewing, and must not get the same again. */
  readonly staleAtMs: number;
  readonly bytes: number;
}

/**
 * The certificates that one connection has got from its PKI, by what was asked and who asked: for a short while an identical
 * request of the same requester in the same namespace may have the same one. In memory only, bounded; the oldest goes first.
 */
export class ReusableCertificates {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: ReusableCertificatesLimits;
  #bytes = 0;

  constructor(limits: Partial<ReusableCertificatesLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** The certificate of an identical request that was issued less than `reuseForMs` ago. */
  find(request: SignRequest, now: number, reuseForMs: number): ReusableCertificate | undefined {
    const entry = this.#entries.get(keyOf(request));
    return entry && now < Math.min(entry.issuedAtMs + reuseForMs, entry.staleAtMs) ? entry : undefined;
  }

  /** Keeps what was issued for the request. */
  keep(request: SignRequest, result: SignResult & { readonly status: "issued" }, now: number): void {
    const { chain, ca, conditions } = result;
    const [leaf] = chain.chain;
    if (leaf === undefined) return;
    const key = keyOf(request);
    this.#drop(key);
    const [begin, end] = [leaf.notBefore.getTime(), leaf.notAfter.getTime()];
    const bytes = chain.chainPem.length + (ca?.length ?? 0);
    this.#entries.set(key, {
      outcome: issued({ chain: chain.chainPem, ca, conditions }),
      madeFor: request.namespace === "" ? request.name : `${request.namespace}/${request.name}`,
      issuedAtMs: now,
      staleAtMs: begin + (end - begin) / 3,
      bytes,
    });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.maxEntries && this.#bytes <= this.#limits.maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

/** Annotations that tell one request of a Certificate from the next, and nothing of the certificate. */
const certManagerKey = /^cert-manager\.io\/(certificate-name|certificate-revision|private-key-secret-name)$/;
/** The API server's own: which token of the same requester it was, and on which pod. */
const tokenKey = /^authentication\.kubernetes\.io\//;

/** Everything that a signer sees of a request, but what makes it another object of the same requester. */
function keyOf(request: SignRequest): string {
  const { kind, namespace, parsedCsr, durationSeconds, isCA, usages, annotations, labels, requester } =
    request;
  const { username, uid = "", groups, extra = {} } = requester;
  const csr = hash("sha256", parsedCsr.der, "base64url");
  const asked = [kind, namespace, csr, durationSeconds, isCA, usages];
  const words = [sorted(annotations, certManagerKey), sorted(labels)];
  const who = [username, uid, groups, sorted(extra, tokenKey)];
  return hash("sha256", JSON.stringify([asked, words, who]), "base64url");
}

function sorted(
  record: Readonly<Record<string, unknown>>,
  without?: RegExp,
): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(record).filter(([key]) => without?.test(key) !== true);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Endpoints,
  httpFailureOf,
  parseCertificate,
  type SignRequest,
  type X509,
} from "@countersign/issuer-signer";
import { activeServer } from "./active-server.ts";
import { chainFromLeaf } from "./chain.ts";
import { optionalError } from "./errors.ts";
import type { SignPath } from "./sign-path.ts";
import { isSuccess, objectField, texts, type VaultAnswer } from "./vault-answer.ts";
import type { VaultSession } from "./vault-session.ts";
import type { VaultTransport } from "./vault-transport.ts";

/** What is known of one certificate of the mount: it never changes, so it is read once. */
interface Known {
  /** SHA-256 of the public key. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
}

/** What this toolkit does not read it would not have asked for. */
const unreadable: Known = Object.freeze({ key: "", notBefore: 0 });

/** What the mount knows of a request. */
export type Lookup =
  | { readonly status: "found"; readonly path: readonly X509[] }
  | { readonly status: "absent" }
  /** The mount cannot tell, or may not. */
  | { readonly status: "unknown"; readonly reason: string };

/** Certificates that are read at most: Vault lists by serial number, which tells nothing of when, so each is a read. */
export const maxListedCertificates = 5_000;
const parallelReads = 8;
/** Clocks of the API server and of Vault may differ by this. */
const clockSkewMs = 60_000;
/** A server whose caller has gone may still be at work: what is not there is looked for again until this is over. */
const defaultSettleMs = 2_000;
/** Above what an election takes with the defaults of raft. */
const defaultElectionMs = 15_000;
/** When, as shares of that time: most are done after a few milliseconds. */
const settleShares: readonly number[] = Object.freeze([0.1, 0.9]);
/** Vault's default for how far it back-dates. */
const defaultNotBeforeSeconds = 30;

/** What {@link IssuedCertificates} needs. */
export interface IssuedCertificatesOptions {
  readonly transport: VaultTransport;
  readonly endpoints: Endpoints;
  readonly session: VaultSession;
  readonly path: SignPath;
  /** For how long what is not there is looked for, in milliseconds. */
  readonly settleMs?: number | undefined;
  /** For how long an active server is waited for, in milliseconds. */
  readonly electionMs?: number | undefined;
}

/** Where and how one look-up reads. */
interface Reader {
  readonly server: string;
  readonly signal: AbortSignal;
}

/**
 * Looks through the certificates of a mount for those of a public key. Vault has no index of them: the list of serial
 * numbers is read, then each certificate that is not known yet. What is known is kept, so that the requests of one crash
 * cost one pass.
 */
export class IssuedCertificates {
  readonly #options: IssuedCertificatesOptions;
  readonly #path: SignPath;
  readonly #known = new Map<string, Known>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: IssuedCertificatesOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  /** The certificate that the mount issued for this request since its approval. */
  async find(request: SignRequest, signal: AbortSignal): Promise<Lookup> {
    const {
      transport,
      endpoints,
      settleMs = defaultSettleMs,
      electionMs = defaultElectionMs,
    } = this.#options;
    const states = [...endpoints.states()].sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
    const servers = states.map(({ url }) => url);
    const server = await activeServer({ transport, servers, electionMs, signal });
    if (server === undefined)
      return unknown("none of the issuer's servers is the active one, and a standby may not have it yet");
    const reader = { server, signal };
    let lookup = await this.#look(request, reader);
    for (const share of settleShares) {
      if (lookup.status !== "absent") break;
      await delay(settleMs * share, undefined, { signal });
      lookup = await this.#look(request, reader);
    }
    return lookup;
  }

  async #look(request: SignRequest, reader: Reader): Promise<Lookup> {
    const role = await this.#role(reader);
    if (role === undefined)
      return unknown("the issuer's token may not read the role, which says whether certificates are stored");
    if (role.no_store === true) return unknown("the role does not store what it issues (no_store)");
    const serials = await this.#list(reader);
    if (serials === undefined) return unknown("the issuer's token may not list the mount's certificates");
    if (serials.length > maxListedCertificates)
      return unknown(`the mount holds more than ${maxListedCertificates} certificates`);
    const serial = await this.#inTurn(async () => {
      await this.#readNew(serials, reader);
      return this.#match(request, role, serials);
    });
    return serial === undefined ? { status: "absent" } : this.#chain(serial, role, reader);
  }

  /** The role's fields; none for paths without a role, whose certificates are always stored. */
  async #role(reader: Reader): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { role, mount } = this.#path;
    return role === undefined ? {} : this.#read(`${mount}/roles/${role}`, reader);
  }

  async #list(reader: Reader): Promise<readonly string[] | undefined> {
    // OpenBao honours the limit; Vault sends them all.
    const path = `${this.#path.mount}/certs?list=true&limit=${maxListedCertificates + 1}`;
    try {
      const answer = await this.#call(path, reader);
      // An empty list is a 404 without a text.
      if (answer.status === 404 && answer.errors.length === 0) return [];
      return isSuccess(answer) ? texts(objectField(answer, "data")?.keys) : undefined;
    } catch (error) {
      if (httpFailureOf(error) === "too-large") return Array(maxListedCertificates + 1).fill("");
      throw error;
    }
  }

  /** One pass at a time: what another look-up has just read is not read again, and none forgets what another needs. */
  async #inTurn<T>(pass: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(pass);
    this.#turn = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  async #readNew(serials: readonly string[], reader: Reader): Promise<void> {
    const listed = new Set(serials);
    for (const serial of this.#known.keys()) if (!listed.has(serial)) this.#known.delete(serial);
    const left = serials.filter((serial) => !this.#known.has(serial));
    await Promise.all(
      Array.from({ length: parallelReads }, async () => {
        for (let serial = left.pop(); serial !== undefined; serial = left.pop()) {
          reader.signal.throwIfAborted();
          const known = await this.#certificate(serial, reader);
          if (known !== undefined) this.#known.set(serial, known);
        }
      }),
    );
  }

  /** The latest for this key that is not older than the request. */
  #match(
    request: SignRequest,
    role: Readonly<Record<string, unknown>>,
    serials: readonly string[],
  ): string | undefined {
    const key = keyOf(request.parsedCsr.spkiDer);
    const backdated =
      typeof role.not_before_duration === "number" ? role.not_before_duration : defaultNotBeforeSeconds;
    const since = (request.approvedAt - backdated) * 1000 - clockSkewMs;
    const at = (serial: string) => this.#known.get(serial)?.notBefore ?? 0;
    return serials
      .filter((serial) => this.#known.get(serial)?.key === key && at(serial) >= since)
      .sort((a, b) => at(b) - at(a))[0];
  }

  /** The certificate with the CAs of the issuer that signs now: its answer of the time is gone. */
  async #chain(serial: string, role: Readonly<Record<string, unknown>>, reader: Reader): Promise<Lookup> {
    const { mount, issuerRef } = this.#path;
    const entry = await this.#read(`${mount}/cert/${serial}`, reader);
    if (entry === undefined || isRevoked(entry)) return { status: "absent" };
    const ref = issuerRef ?? (typeof role.issuer_ref === "string" ? role.issuer_ref : "default");
    const issuer = await this.#read(`${mount}/issuer/${ref}/json`, reader);
    const path = chainFromLeaf({
      certificate: typeof entry.certificate === "string" ? entry.certificate : "",
      caChain: texts(issuer?.ca_chain),
      issuingCa: typeof issuer?.certificate === "string" ? issuer.certificate : undefined,
    });
    if (path.length === 1 && path[0]?.isSelfSigned === false)
      return unknown("the certificate is there, but the CA that issued it is not the issuer's any more");
    return { status: "found", path };
  }

  /** Undefined for what was tidied away, or has not reached this server. */
  async #certificate(serial: string, reader: Reader): Promise<Known | undefined> {
    const entry = await this.#read(`${this.#path.mount}/cert/${serial}`, reader);
    if (entry === undefined) return undefined;
    try {
      const { spkiDer, notBefore } = parseCertificate(String(entry.certificate));
      return { key: keyOf(spkiDer), notBefore: notBefore.getTime() };
    } catch {
      return unreadable;
    }
  }

  /** `data` of an answer; undefined where it may not be read, or is not there. */
  async #read(path: string, reader: Reader): Promise<Readonly<Record<string, unknown>> | undefined> {
    const answer = await this.#call(path, reader);
    return isSuccess(answer) ? objectField(answer, "data") : undefined;
  }

  #call(path: string, reader: Reader): Promise<VaultAnswer> {
    return this.#options.session.call({
      method: "GET",
      path,
      mayBeDenied: true,
      ...reader,
      judge: optionalError,
    });
  }
}

function unknown(reason: string): Lookup {
  return { status: "unknown", reason };
}

function keyOf(spkiDer: Uint8Array): string {
  return createHash("sha256").update(spkiDer).digest("base64");
}

function isRevoked({ revocation_time: time }: Readonly<Record<string, unknown>>): boolean {
  return typeof time === "number" && time > 0;
}

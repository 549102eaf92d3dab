import { resolveSrv as systemResolveSrv } from "node:dns/promises";
import type { Duplex } from "node:stream";
import { IssuerError, RetryableError } from "@countersign/issuer-signer";
import { Refusal } from "@countersign/issuer-signer/der";
import { type KdcReply, readKdcReply } from "./kdc-reply.ts";
import { type KrbError, krbCodes } from "./krb-error.ts";

/** Where a KDC listens. */
interface KdcAddress {
  readonly host: string;
  readonly port: number;
}

/** Opens a TCP connection, as `HttpClient.dial` does. */
export type Dial = (host: string, port: number, options: { readonly signal: AbortSignal }) => Promise<Duplex>;

/** Looks up SRV records, as node:dns does. */
export type ResolveSrv = (name: string) => Promise<
  readonly {
    readonly name: string;
    readonly port: number;
    readonly priority: number;
    readonly weight: number;
  }[]
>;

/** Options of {@link Kdcs}. */
export interface KdcsOptions {
  /** `host` or `host:port` by realm, in the order of preference. Other realms are looked up in DNS. */
  readonly servers?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly dial: Dial;
  /** node:dns unless given. */
  readonly resolveSrv?: ResolveSrv | undefined;
  /** Deadline of one KDC in milliseconds, connection included; 5,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

const kerberosPort = 88;
/** A ticket of a user in a thousand groups has some 50 KiB. */
const maxReplyBytes = 256 * 1024;
const maxServers = 8;

/** The KDCs of all realms, over TCP, one after another until one answers. */
export class Kdcs {
  readonly #options: KdcsOptions;
  /** The one that answered last, by realm. */
  readonly #preferred = new Map<string, string>();

  constructor(options: KdcsOptions) {
    this.#options = options;
  }

  /**
   * Sends a message and reads the reply of the given type, or the KDC's error. A KDC that is away, or says that it is busy,
   * is passed over. Throws a RetryableError where none is left, an `IssuerError` where the realm has none.
   */
  async exchange(
    realm: string,
    message: Uint8Array,
    replyType: number,
    signal: AbortSignal,
  ): Promise<KdcReply | KrbError> {
    const problems: string[] = [];
    for (const server of await this.#serversOf(realm)) {
      const name = `${server.host}:${server.port}`;
      try {
        const reply = readKdcReply(await this.#ask(server, message, signal), replyType);
        if ("code" in reply && reply.code === krbCodes.serviceUnavailable) throw new Error("it is busy");
        this.#preferred.set(realm, name);
        return reply;
      } catch (error) {
        signal.throwIfAborted();
        problems.push(`${name}: ${problemOf(error)}`);
      }
    }
    const list = problems.join("; ").slice(0, 600);
    throw new RetryableError(
      `no KDC of ${realm} answers (${list}); check the network policy and the KDCs of the issuer's spec`,
      {
        issuedNothing: true,
      },
    );
  }

  async #serversOf(realm: string): Promise<readonly KdcAddress[]> {
    const named = Object.entries(this.#options.servers ?? {}).find(
      ([name]) => name.toUpperCase() === realm.toUpperCase(),
    )?.[1];
    const servers = named === undefined ? await this.#lookUp(realm) : named.map(addressOf);
    const preferred = this.#preferred.get(realm);
    const rank = ({ host, port }: KdcAddress) => (`${host}:${port}` === preferred ? 0 : 1);
    return [...servers].slice(0, maxServers).sort((a, b) => rank(a) - rank(b));
  }

  /** RFC 4120 §7.2.3.2. */
  async #lookUp(realm: string): Promise<readonly KdcAddress[]> {
    const { resolveSrv = systemResolveSrv } = this.#options;
    const name = `_kerberos._tcp.${realm.toLowerCase()}`;
    if (!/^[a-z0-9._-]{1,253}$/.test(name)) throw unknownRealm(realm);
    const records = await resolveSrv(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOTFOUND" || error.code === "ENODATA") return [];
      throw new RetryableError(`the DNS record ${name} cannot be looked up (${error.code ?? "unknown"})`, {
        issuedNothing: true,
      });
    });
    if (records.length === 0) throw unknownRealm(realm);
    return [...records]
      .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
      .map(({ name: host, port }) => ({ host: host.replace(/\.$/, ""), port }));
  }

  /** One message over TCP, after its length (RFC 4120 §7.2.2). */
  async #ask({ host, port }: KdcAddress, message: Uint8Array, signal: AbortSignal): Promise<Buffer> {
    const { dial, timeoutMs = 5_000 } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    const ended = AbortSignal.any([late, signal]);
    const socket = await dial(host, port, { signal: ended });
    const onEnded = () => socket.destroy(new Error(late.aborted ? "no answer in time" : "aborted"));
    ended.addEventListener("abort", onEnded, { once: true });
    if (ended.aborted) onEnded();
    try {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      socket.write(Buffer.concat([length, message]));
      return await readFramed(socket);
    } finally {
      ended.removeEventListener("abort", onEnded);
      socket.destroy();
    }
  }
}

async function readFramed(socket: Duplex): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    if (received.length < 4) continue;
    const length = received.readUInt32BE(0);
    if (length > maxReplyBytes) throw new Error("its answer is too large, or it is no KDC");
    if (received.length >= 4 + length) return received.subarray(4, 4 + length);
  }
  throw new Error("the connection broke");
}

/** The problem in words of this program: errors of sockets and of the HTTP client hold nothing else. */
function problemOf(error: unknown): string {
  if (error instanceof Refusal) return `its answer cannot be read: ${error.message}`;
  if (!(error instanceof Error)) return "unknown";
  if ("code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code)) return error.code;
  return error.message.replace(/^TCP [^ ]+: /, "");
}

/** `host`, `host:port` or `[IPv6]:port`. */
function addressOf(text: string): KdcAddress {
  const [, bracketed, host, port] = /^(?:\[([0-9a-f:]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = bracketed ?? host;
  const number = Number(port ?? kerberosPort);
  if (name === undefined || number < 1 || number > 65_535)
    throw new IssuerError("a KDC of the issuer's spec is not of the form host, host:port or [IPv6]:port");
  return { host: name, port: number };
}

function unknownRealm(realm: string): IssuerError {
  const name = /^[\w.-]{1,253}$/.test(realm) ? realm : "this realm";
  return new IssuerError(
    `no KDC of ${name} is known: DNS has no SRV record _kerberos._tcp for it; correct the realm, or name its KDCs in the issuer's spec`,
  );
}

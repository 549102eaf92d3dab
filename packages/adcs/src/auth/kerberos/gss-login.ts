import { type DerElement, der, derOid, Refusal, readDer, readOid } from "@countersign/issuer-signer/der";
import { apRequest, ifRelevant } from "./ap-request.ts";
import { keyUsages, WrongKey } from "./encryption-type.ts";
import {
  applicationNumber,
  readApplication,
  readEncrypted,
  readFields,
  readInteger,
  readKerberosTime,
} from "./kerberos-der.ts";
import { krbErrorNumber, readKrbError } from "./krb-error.ts";
import type { Ticket } from "./ticket.ts";

/** Kerberos as a GSS-API mechanism (RFC 4121). */
export const kerberosOid = "1.2.840.113554.1.2.2";

const checksumType = 0x8003;
const mutualFlag = 0x02;

/** AD-AUTH-DATA-AP-OPTIONS (MS-KILE 3.2.5.8): this client would have sent a binding if there were a channel. */
const apOptions = 143;
const clientBinds = 0x4000;

/** What the service answered. */
export type GssReply = { readonly accepted: true } | { readonly accepted: false; readonly code: number };

/** A login at a service, and how its answer is read. */
export interface GssLogin {
  /** InitialContextToken (RFC 2743 §3.1) with an AP-REQ. */
  readonly token: Uint8Array;
  /**
   * Reads the service's token. `accepted` means that it has proven to know the ticket's key. Throws a {@link Refusal}
   * for a token that is malformed or proves nothing.
   */
  readReply(token: Uint8Array): GssReply;
}

/** Options of {@link gssLogin}. */
export interface GssLoginOptions {
  /** 16 bytes. */
  readonly channelBinding: Uint8Array;
  /** Microseconds since the epoch. */
  readonly time: number;
  /** 31 bits. */
  readonly sequence: number;
}

/** Logs in with a ticket for the service, bound to the channel (RFC 4121 §4.1.1). */
export function gssLogin(ticket: Ticket, { channelBinding, time, sequence }: GssLoginOptions): GssLogin {
  const checksum = Buffer.alloc(24);
  checksum.writeUInt32LE(channelBinding.length);
  checksum.set(channelBinding, 4);
  checksum.writeUInt32LE(mutualFlag, 20);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(clientBinds);
  const message = apRequest(ticket, {
    usage: keyUsages.apAuthenticator,
    checksum: { type: checksumType, value: checksum },
    mutual: true,
    authorization: ifRelevant(apOptions, flags),
    time,
    sequence,
  });
  return {
    token: der(0x60, derOid(kerberosOid), Uint8Array.of(1, 0), message),
    readReply: (token) => readReply(token, ticket, time),
  };
}

function readReply(token: Uint8Array, ticket: Ticket, time: number): GssReply {
  const what = "the server's Kerberos answer";
  const element = readDer(messageOf(token, what), what);
  if (applicationNumber(element) === krbErrorNumber)
    return { accepted: false, code: readKrbError(element).code };
  const fields = readFields(readApplication(element, 15, what), what);
  const secret = decrypt(fields.get(2), ticket, what);
  const proof = readFields(readApplication(readDer(secret, what), 27, what), what);
  const seconds = readKerberosTime(proof.get(0), what);
  const sameTime = seconds * 1000 + readInteger(proof.get(1), what) === time;
  if (!sameTime) throw new Refusal(`${what} is for another login`);
  return { accepted: true };
}

function decrypt(element: DerElement | undefined, { key }: Ticket, what: string): Uint8Array {
  const { etype, cipher } = readEncrypted(element, what);
  try {
    if (etype === key.etype.number) return key.etype.decrypt(key.value, keyUsages.apReply, cipher);
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
  }
  throw new Refusal(`${what} was not made with the key of the service`);
}

/**
 * The message in a token. Its frame is no DER, since after the mechanism come two bytes and only then the next value; some
 * servers leave it away.
 */
function messageOf(token: Uint8Array, what: string): Uint8Array {
  if (token[0] !== 0x60) return token;
  const long = (token[1] ?? 0) & 0x80 ? (token[1] ?? 0) & 0x7f : 0;
  const mechanism = 2 + long;
  const message = mechanism + 2 + (token[mechanism + 1] ?? 0) + 2;
  if (long > 4 || message > token.length) throw new Refusal(`${what} is cut short`);
  const oid = readOid(readDer(token.subarray(mechanism, message - 2), what), what);
  if (oid !== kerberosOid) throw new Refusal(`${what} is of another mechanism`);
  return token.subarray(message);
}

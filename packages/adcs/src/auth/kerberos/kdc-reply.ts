import { type DerElement, Refusal, readDer, readSequence } from "@countersign/issuer-signer/der";
import { encryptionType, type KerberosKey } from "./encryption-type.ts";
import type { PaData } from "./kdc-request.ts";
import { paTypes } from "./kdc-request.ts";
import {
  applicationNumber,
  type EncryptedData,
  readApplication,
  readEncrypted,
  readFields,
  readInteger,
  readKerberosTime,
  readOctets,
  readString,
} from "./kerberos-der.ts";
import { type KrbError, krbErrorNumber, readKrbError } from "./krb-error.ts";
import { type PrincipalName, readName } from "./principal.ts";

/** A reply with a ticket, its secret part still encrypted. */
export interface KdcReply {
  readonly paData: readonly PaData[];
  readonly clientRealm: string;
  readonly client: PrincipalName;
  /** DER of the ticket. */
  readonly ticket: Uint8Array;
  readonly secret: EncryptedData;
}

/** The secret part of a reply. */
export interface KdcReplySecret {
  readonly key: KerberosKey;
  readonly nonce: number;
  /** Milliseconds since the epoch. */
  readonly endTime: number;
  readonly realm: string;
  readonly service: PrincipalName;
}

/** The types of the secret parts: some KDCs write that of the TGS in both (RFC 4120 §5.4.2). */
const secretNumbers = [25, 26];

/** Reads AS-REP, TGS-REP or KRB-ERROR; a {@link Refusal} for anything else. */
export function readKdcReply(bytes: Uint8Array, message: number): KdcReply | KrbError {
  const what = "the KDC's reply";
  const element = readDer(bytes, what);
  if (applicationNumber(element) === krbErrorNumber) return readKrbError(element);
  const fields = readFields(readApplication(element, message, what), what);
  const paData = fields.get(2);
  const ticket = fields.get(5);
  if (ticket === undefined || applicationNumber(ticket) !== 1) throw new Refusal(`${what} has no ticket`);
  return {
    paData: paData === undefined ? [] : readPaData(paData),
    clientRealm: readString(fields.get(3), what),
    client: readName(fields.get(4), what),
    // A view would keep the whole reply.
    ticket: Buffer.from(ticket.der),
    secret: readEncrypted(fields.get(6), what),
  };
}

/** Reads what was decrypted of a reply. */
export function readReplySecret(bytes: Uint8Array): KdcReplySecret {
  const what = "the secret part of the KDC's reply";
  const element = readDer(bytes, what);
  const number = applicationNumber(element) ?? 0;
  if (!secretNumbers.includes(number)) throw new Refusal(`${what} has an unexpected type`);
  const fields = readFields(readApplication(element, number, what), what);
  return {
    key: readKey(fields.get(0), what),
    nonce: readInteger(fields.get(2), what),
    endTime: readKerberosTime(fields.get(7), what),
    realm: readString(fields.get(9), what),
    service: readName(fields.get(10), what),
  };
}

function readKey(element: DerElement | undefined, what: string): KerberosKey {
  const fields = readFields(element, what);
  const etype = encryptionType(readInteger(fields.get(0), what));
  const value = readOctets(fields.get(1), what);
  if (etype === undefined || value.length !== etype.keyBytes)
    throw new Refusal(`${what} has a session key that was not offered`);
  return { etype, value: Buffer.from(value) };
}

/** METHOD-DATA, or the padata of a reply. */
export function readPaData(element: DerElement): readonly PaData[] {
  const what = "the KDC's pre-authentication data";
  return readSequence(element, what).map((entry) => {
    const fields = readFields(entry, what);
    return { type: readInteger(fields.get(1), what), value: readOctets(fields.get(2), what) };
  });
}

/** How the KDC makes a key of a password. */
export interface EtypeInfo {
  readonly etype: number;
  readonly salt: string | undefined;
  readonly parameters: Uint8Array | undefined;
}

/** ETYPE-INFO2 (RFC 4120 §5.2.7.5), in the KDC's order; empty where there is none. */
export function readEtypeInfo(paData: readonly PaData[]): readonly EtypeInfo[] {
  const what = "the KDC's list of encryption types";
  const info = paData.find(({ type }) => type === paTypes.etypeInfo2);
  if (info === undefined) return [];
  return readSequence(readDer(info.value, what), what).map((entry) => {
    const fields = readFields(entry, what);
    const [salt, parameters] = [fields.get(1), fields.get(2)];
    return {
      etype: readInteger(fields.get(0), what),
      salt: salt === undefined ? undefined : readString(salt, what),
      parameters: parameters === undefined ? undefined : readOctets(parameters, what),
    };
  });
}

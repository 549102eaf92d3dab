import { derOctetString, derSequence } from "@countersign/issuer-signer/der";
import {
  application,
  derFlags,
  derInteger,
  derKerberosTime,
  derString,
  fieldSequence,
} from "./kerberos-der.ts";
import { derName, type PrincipalName } from "./principal.ts";

/** Message numbers, which are those of their application tags. */
export const kdcMessages = Object.freeze({ asRequest: 10, asReply: 11, tgsRequest: 12, tgsReply: 13 });

/** Pre-authentication data (RFC 4120 §5.2.7). */
export interface PaData {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Types of {@link PaData}. */
export const paTypes = Object.freeze({ tgsRequest: 1, encryptedTimestamp: 2, etypeInfo2: 19, fxCookie: 133 });

/**
 * forwardable, so that a web server apart from its CA may pass the login on (constrained delegation); canonicalize, for
 * user principal names and referrals to other realms (RFC 6806).
 */
const kdcOptions = 0x4001_0000;

/** What is asked for. */
export interface KdcRequestBody {
  /** The client, in an AS-REQ. */
  readonly client?: PrincipalName | undefined;
  readonly realm: string;
  readonly service: PrincipalName;
  /** Milliseconds since the epoch until which the ticket is wanted; the realm may give less. */
  readonly till: number;
  /** 31 bits. */
  readonly nonce: number;
  /** Numbers, the preferred first. */
  readonly etypes: readonly number[];
}

/** KDC-REQ-BODY: a TGS-REQ carries its checksum. */
export function derRequestBody({ client, realm, service, till, nonce, etypes }: KdcRequestBody): Uint8Array {
  return fieldSequence({
    0: derFlags(kdcOptions),
    1: client === undefined ? undefined : derName(client),
    2: derString(realm),
    3: derName(service),
    5: derKerberosTime(till),
    7: derInteger(nonce),
    8: derSequence(...etypes.map(derInteger)),
  });
}

/** AS-REQ or TGS-REQ (RFC 4120 §5.4.1). */
export function kdcRequest(
  message: typeof kdcMessages.asRequest | typeof kdcMessages.tgsRequest,
  body: Uint8Array,
  paData: readonly PaData[],
): Uint8Array {
  const list = paData.map(({ type, value }) =>
    fieldSequence({ 1: derInteger(type), 2: derOctetString(value) }),
  );
  const content = fieldSequence({
    1: derInteger(5),
    2: derInteger(message),
    3: list.length === 0 ? undefined : derSequence(...list),
    4: body,
  });
  return application(message, content);
}

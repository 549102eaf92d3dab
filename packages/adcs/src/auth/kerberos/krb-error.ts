import { type DerElement, Refusal } from "@countersign/issuer-signer/der";
import {
  readApplication,
  readFields,
  readInteger,
  readKerberosTime,
  readOctets,
  readString,
} from "./kerberos-der.ts";

/** What a KRB-ERROR says. */
export interface KrbError {
  readonly code: number;
  /** The KDC's clock, in milliseconds since the epoch. */
  readonly serverTime: number;
  /** Where the client is known, of a KDC_ERR_WRONG_REALM. */
  readonly clientRealm: string | undefined;
  readonly data: Uint8Array | undefined;
}

/** KRB-ERROR is `[APPLICATION 30]` (RFC 4120 §5.9.1). */
export const krbErrorNumber = 30;

/** Codes that mean something to this client (RFC 4120 §7.5.9). */
export const krbCodes = Object.freeze({
  clientUnknown: 6,
  serviceUnknown: 7,
  neverValid: 11,
  policy: 12,
  unsupportedEtype: 14,
  clientRevoked: 18,
  keyExpired: 23,
  preauthFailed: 24,
  preauthRequired: 25,
  serviceUnavailable: 29,
  badIntegrity: 31,
  ticketExpired: 32,
  skew: 37,
  modified: 41,
  badKeyVersion: 44,
  wrongRealm: 68,
});

/** The name of a code, and what to do; the KDC's own text is not shown. */
const meanings: Readonly<Record<number, readonly [string, string]>> = Object.freeze({
  6: [
    "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    "the account is not known in this realm; check the user name and the realm",
  ],
  7: [
    "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    "no account has this service principal name; register it (setspn -S HTTP/host account), or correct the URL's host",
  ],
  11: ["KDC_ERR_NEVER_VALID", "the account may not log on now"],
  12: [
    "KDC_ERR_POLICY",
    "the domain's policy forbids it; look at logon hours and workstations of the account",
  ],
  14: [
    "KDC_ERR_ETYPE_NOSUPP",
    "the account has no AES key that fits; enable AES 128 and 256 for the account, and set its password anew",
  ],
  18: ["KDC_ERR_CLIENT_REVOKED", "the account is locked, disabled or has expired"],
  23: ["KDC_ERR_KEY_EXPIRED", "the account's password has expired; set a new one"],
  24: ["KDC_ERR_PREAUTH_FAILED", "the password, or the key in the keytab, is wrong"],
  29: ["KDC_ERR_SVC_UNAVAILABLE", "the KDC is busy"],
  31: [
    "KRB_AP_ERR_BAD_INTEGRITY",
    "the ticket does not fit the key of the service; look for a duplicate service principal name",
  ],
  32: ["KRB_AP_ERR_TKT_EXPIRED", "the ticket has expired; check the clocks"],
  37: ["KRB_AP_ERR_SKEW", "the clocks differ by more than the realm allows; set the node's clock by NTP"],
  41: [
    "KRB_AP_ERR_MODIFIED",
    "the service has another key than the KDC; look for a duplicate service principal name, or a service account whose password has changed",
  ],
  44: ["KRB_AP_ERR_BADKEYVER", "the service has an older key than the KDC; renew its keytab"],
  60: ["KRB_ERR_GENERIC", "look at the log of the KDC"],
  68: ["KDC_ERR_WRONG_REALM", "the account is of another realm; correct the realm"],
});

/** Name and remedy of a code, in words of this program. */
export function krbErrorText(code: number): string {
  const meaning = meanings[code];
  return meaning === undefined
    ? `Kerberos error ${code}; look at the log of the KDC`
    : `${meaning[0]}: ${meaning[1]}`;
}

/** Reads a KRB-ERROR; a {@link Refusal} where it is malformed. */
export function readKrbError(element: DerElement): KrbError {
  const what = "the KDC's error";
  const fields = readFields(readApplication(element, krbErrorNumber, what), what);
  const [realm, data] = [fields.get(7), fields.get(12)];
  const code = readInteger(fields.get(6), what);
  if (code < 0) throw new Refusal(`${what} has an unexpected code`);
  return {
    code,
    serverTime: readKerberosTime(fields.get(4), what),
    clientRealm: realm === undefined ? undefined : readString(realm, what),
    data: data === undefined ? undefined : readOctets(data, what),
  };
}

import { hmacMd5 } from "../md5.ts";
import { md4 } from "./md4.ts";

/** Who logs in by NTLM. */
export interface NtlmCredential {
  /** sAMAccountName, or `user@domain` with an empty domain. */
  readonly username: string;
  /** NetBIOS or DNS name of the domain. */
  readonly domain: string;
  readonly password: string;
}

/** NTOWFv2 (MS-NLMP 3.3.2): the key of every NTLMv2 response of this account. */
export function ntlmKey({ username, domain, password }: NtlmCredential): Uint8Array {
  return hmacMd5(md4(utf16(password)), utf16(upperCase(username) + domain));
}

/** UTF-16, little-endian, without a byte order mark. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

/** Windows maps one UTF-16 unit to one: what grows in upper case, as ß does, stays. */
function upperCase(text: string): string {
  return text.replace(/[\s\S]/g, (unit) => {
    const upper = unit.toUpperCase();
    return upper.length === 1 ? upper : unit;
  });
}

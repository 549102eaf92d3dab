import { createHash, createHmac } from "node:crypto";
import { IssuerError } from "@countersign/issuer-signer";

/** OpenSSL in FIPS mode has no MD5, and without it there is neither NTLM nor a channel binding. */
function unlessForbidden<T>(compute: () => T): T {
  try {
    return compute();
  } catch (cause) {
    throw new IssuerError(
      "MD5 is forbidden in this process (FIPS mode), but NTLM and channel binding are defined with it; run the issuer without FIPS mode, or use basic authentication",
      { cause },
    );
  }
}

/** MD5 of the parts. Throws an `IssuerError` where OpenSSL forbids it. */
export function md5(...parts: readonly Uint8Array[]): Buffer {
  return unlessForbidden(() => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest();
  });
}

/** HMAC-MD5 of the parts (RFC 2104). Throws an `IssuerError` where OpenSSL forbids it. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  return unlessForbidden(() => {
    const hmac = createHmac("md5", key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  });
}

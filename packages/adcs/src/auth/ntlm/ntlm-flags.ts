/** Flags of negotiation (MS-NLMP 2.2.2.5). No key exchange, signing or sealing: HTTP carries nothing inside NTLM. */
export const ntlmFlags = Object.freeze({
  unicode: 0x0000_0001,
  requestTarget: 0x0000_0004,
  ntlm: 0x0000_0200,
  alwaysSign: 0x0000_8000,
  extendedSessionSecurity: 0x0008_0000,
  targetInfo: 0x0080_0000,
  version: 0x0200_0000,
  strong: 0x2000_0000,
  weak: 0x8000_0000,
});

/** All that this client offers. */
export const offeredFlags = Object.values(ntlmFlags).reduce((sum, flag) => (sum | flag) >>> 0, 0);

/** NTLMSSP and its null byte, before every message. */
export const signature = Buffer.from("NTLMSSP\0", "latin1");

/** VERSION (MS-NLMP 2.2.2.10) of a current Windows: servers look at the revision of NTLMSSP alone, 15. */
export const version = Uint8Array.of(10, 0, 0x61, 0x4a, 0, 0, 0, 15);

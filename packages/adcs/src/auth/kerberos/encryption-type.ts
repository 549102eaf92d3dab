import { createCipheriv, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { decryptCts, encryptCts } from "./aes-cts.ts";
import { nFold } from "./n-fold.ts";

/** A key of Kerberos. */
export interface KerberosKey {
  readonly etype: EncryptionType;
  readonly value: Uint8Array;
}

/** What a key is used for (RFC 4120 §7.5.1): it goes into the key that is derived for it. */
export const keyUsages = Object.freeze({
  paTimestamp: 1,
  asReply: 3,
  tgsBodyChecksum: 6,
  tgsAuthenticator: 7,
  tgsReply: 8,
  apAuthenticator: 11,
  apReply: 12,
});

/** The data were not encrypted with this key, or were changed. */
export class WrongKey extends Error {
  override readonly name = "WrongKey";
}

/** One encryption type, with the checksum that belongs to it. */
export interface EncryptionType {
  readonly number: number;
  readonly name: string;
  /** Number of its checksum type. */
  readonly checksumType: number;
  readonly keyBytes: number;
  /** Throws a RangeError for parameters that no KDC has. */
  stringToKey(password: string, salt: Uint8Array, parameters: Uint8Array | undefined): Promise<Uint8Array>;
  encrypt(key: Uint8Array, usage: number, plaintext: Uint8Array, confounder?: Uint8Array): Buffer;
  /** Throws {@link WrongKey}. */
  decrypt(key: Uint8Array, usage: number, ciphertext: Uint8Array): Buffer;
  checksum(key: Uint8Array, usage: number, data: Uint8Array): Buffer;
}

const derive = promisify(pbkdf2);
const confounderBytes = 16;
/** A KDC that asks for more would keep a core busy for seconds. */
const maxIterations = 1_000_000;

function iterationsOf(parameters: Uint8Array | undefined, byDefault: number): number {
  if (parameters === undefined) return byDefault;
  const count = parameters.length === 4 ? Buffer.from(parameters).readUInt32BE(0) : 0;
  if (count < 1 || count > maxIterations)
    throw new RangeError("the KDC's parameters of the password are out of range");
  return count;
}

function usageConstant(usage: number, kind: 0x55 | 0x99 | 0xaa): Buffer {
  const constant = Buffer.alloc(5);
  constant.writeUInt32BE(usage);
  constant[4] = kind;
  return constant;
}

function hmac(hash: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const code = createHmac(hash, key);
  for (const part of parts) code.update(part);
  return code.digest();
}

function split(ciphertext: Uint8Array, macBytes: number): readonly [Uint8Array, Uint8Array] {
  const at = ciphertext.length - macBytes;
  if (at < confounderBytes) throw new WrongKey("the ciphertext is too short");
  return [ciphertext.subarray(0, at), ciphertext.subarray(at)];
}

function assertSame(expected: Uint8Array, given: Uint8Array): void {
  if (!timingSafeEqual(expected, given))
    throw new WrongKey("the key is not the one that it was encrypted with");
}

/** DK of RFC 3961 §5.1 for AES, where random-to-key is the identity. */
function deriveSha1(key: Uint8Array, constant: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  let input = constant.length === 16 ? Buffer.from(constant) : nFold(constant, 16);
  for (let length = 0; length < key.length; length += 16) {
    const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    input = cipher.update(input);
    parts.push(input);
  }
  return Buffer.concat(parts).subarray(0, key.length);
}

/** RFC 3962. */
function aesSha1(number: number, checksumType: number, keyBytes: 16 | 32): EncryptionType {
  const mac = (key: Uint8Array, kind: 0x55 | 0x99, usage: number, data: Uint8Array) =>
    hmac("sha1", deriveSha1(key, usageConstant(usage, kind)), data).subarray(0, 12);
  return {
    number,
    checksumType,
    keyBytes,
    name: `aes${keyBytes * 8}-cts-hmac-sha1-96`,
    async stringToKey(password, salt, parameters) {
      const key = await derive(password, salt, iterationsOf(parameters, 4096), keyBytes, "sha1");
      return deriveSha1(key, Buffer.from("kerberos"));
    },
    encrypt(key, usage, plaintext, confounder = randomBytes(confounderBytes)) {
      const data = Buffer.concat([confounder, plaintext]);
      const encrypted = encryptCts(deriveSha1(key, usageConstant(usage, 0xaa)), data);
      return Buffer.concat([encrypted, mac(key, 0x55, usage, data)]);
    },
    decrypt(key, usage, ciphertext) {
      const [encrypted, code] = split(ciphertext, 12);
      const data = decryptCts(deriveSha1(key, usageConstant(usage, 0xaa)), encrypted);
      assertSame(mac(key, 0x55, usage, data), code);
      return data.subarray(confounderBytes);
    },
    checksum: (key, usage, data) => mac(key, 0x99, usage, data),
  };
}

/** RFC 8009. */
function aesSha2(
  number: number,
  checksumType: number,
  {
    keyBytes,
    macBytes,
    hash,
  }: { readonly keyBytes: 16 | 32; readonly macBytes: 16 | 24; readonly hash: string },
): EncryptionType {
  const name = `aes${keyBytes * 8}-cts-hmac-${hash}-${macBytes * 8}`;
  /** KDF-HMAC-SHA2 of §3. */
  const kdf = (key: Uint8Array, label: Uint8Array, bytes: number) => {
    const counter = Uint8Array.of(0, 0, 0, 1);
    const length = Uint8Array.of(0, 0, (bytes * 8) >> 8, (bytes * 8) & 0xff);
    return hmac(hash, key, counter, label, Uint8Array.of(0), length).subarray(0, bytes);
  };
  const iv = Buffer.alloc(16);
  const mac = (key: Uint8Array, kind: 0x55 | 0x99, usage: number, ...parts: readonly Uint8Array[]) =>
    hmac(hash, kdf(key, usageConstant(usage, kind), macBytes), ...parts).subarray(0, macBytes);
  const cipherKey = (key: Uint8Array, usage: number) => kdf(key, usageConstant(usage, 0xaa), keyBytes);
  return {
    number,
    checksumType,
    keyBytes,
    name,
    async stringToKey(password, salt, parameters) {
      const salted = Buffer.concat([Buffer.from(name), Uint8Array.of(0), salt]);
      const key = await derive(password, salted, iterationsOf(parameters, 32_768), keyBytes, hash);
      return kdf(key, Buffer.from("kerberos"), keyBytes);
    },
    encrypt(key, usage, plaintext, confounder = randomBytes(confounderBytes)) {
      const encrypted = encryptCts(cipherKey(key, usage), Buffer.concat([confounder, plaintext]));
      return Buffer.concat([encrypted, mac(key, 0x55, usage, iv, encrypted)]);
    },
    decrypt(key, usage, ciphertext) {
      const [encrypted, code] = split(ciphertext, macBytes);
      assertSame(mac(key, 0x55, usage, iv, encrypted), code);
      return decryptCts(cipherKey(key, usage), encrypted).subarray(confounderBytes);
    },
    checksum: (key, usage, data) => mac(key, 0x99, usage, data),
  };
}

/**
 * The encryption types that are offered, in this order: what domain controllers have first. DES and RC4 are left out;
 * Windows has RC4 switched off by default for accounts with AES keys.
 */
export const encryptionTypes: readonly EncryptionType[] = Object.freeze([
  aesSha1(18, 16, 32),
  aesSha1(17, 15, 16),
  aesSha2(20, 20, { keyBytes: 32, macBytes: 24, hash: "sha384" }),
  aesSha2(19, 19, { keyBytes: 16, macBytes: 16, hash: "sha256" }),
]);

/** The type of a number, if it is one of them. */
export function encryptionType(number: number): EncryptionType | undefined {
  return encryptionTypes.find((type) => type.number === number);
}

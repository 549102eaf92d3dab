import { createCipheriv, createDecipheriv } from "node:crypto";

const block = 16;

/** AES in CBC with ciphertext stealing (CBC-CS3, RFC 3962 §5) and an IV of zeroes; node:crypto has no such mode. */
export function encryptCts(key: Uint8Array, plaintext: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.max(Math.ceil(plaintext.length / block), 1) * block);
  padded.set(plaintext);
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(block)).setAutoPadding(false);
  const encrypted = cipher.update(padded);
  if (padded.length === block) return encrypted;
  const last = encrypted.length - block;
  const swapped = [
    encrypted.subarray(0, last - block),
    encrypted.subarray(last),
    encrypted.subarray(last - block, last),
  ];
  return Buffer.concat(swapped).subarray(0, plaintext.length);
}

/** The other way; the ciphertext has at least one block. */
export function decryptCts(key: Uint8Array, ciphertext: Uint8Array): Buffer {
  const name = `aes-${key.length * 8}`;
  const blocks = Math.ceil(ciphertext.length / block);
  let cbc = Buffer.from(ciphertext);
  if (blocks > 1) {
    const last = (blocks - 1) * block;
    const stolenFrom = ciphertext.subarray(last - block, last);
    const tail = ciphertext.subarray(last);
    const ecb = createDecipheriv(`${name}-ecb`, key, null).setAutoPadding(false);
    const padding = ecb.update(stolenFrom).subarray(tail.length);
    cbc = Buffer.concat([ciphertext.subarray(0, last - block), tail, padding, stolenFrom]);
  }
  const decipher = createDecipheriv(`${name}-cbc`, key, Buffer.alloc(block)).setAutoPadding(false);
  return decipher.update(cbc).subarray(0, ciphertext.length);
}

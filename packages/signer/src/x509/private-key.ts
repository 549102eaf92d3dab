import { createPrivateKey, type KeyObject } from "node:crypto";
import { IssuerError } from "../errors.ts";
import { asBuffer } from "./bytes.ts";
import { keyAlgorithmOf } from "./ca-signer.ts";
import { assertStrictDer } from "./der-gate.ts";
import { decodePem, pemLimits } from "./pem.ts";
import { Refusal, translateRefusal } from "./refusal.ts";

const types: Readonly<Record<string, "pkcs1" | "pkcs8" | "sec1">> = Object.freeze({
  "PRIVATE KEY": "pkcs8",
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
});

/**
 * Loads an unencrypted private key from PEM (PKCS#8, PKCS#1 or SEC 1; at most 13,000 bytes): RSA of 2048 to 8192 bits,
 * P-256, P-384, P-521 or Ed25519. An EC PARAMETERS block before it, as openssl writes, is skipped, and so are
 * the bag attributes that it writes around a key from PKCS#12. Throws an
 * {@link IssuerError} that never contains any of the text.
 */
export function parsePrivateKey(pem: string | Uint8Array): KeyObject {
  const key = translateRefusal(IssuerError, "private key refused", "store a PEM private key", () => {
    assertUnencrypted(pem);
    const blocks = decodePem(pem, { limit: pemLimits.privateKey, allowText: true }).filter(
      ({ label }) => label !== "EC PARAMETERS",
    );
    const [block, ...rest] = blocks;
    if (block === undefined || rest.length > 0)
      throw new Refusal(`there are ${blocks.length} PEM blocks, not one`);
    const type = types[block.label];
    if (type === undefined)
      throw new Refusal(
        `the PEM block is a ${block.label}`,
        "store a PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY",
      );
    assertStrictDer(block.der, "the private key");
    return load(asBuffer(block.der), type);
  });
  keyAlgorithmOf(key);
  return key;
}

function assertUnencrypted(pem: string | Uint8Array): void {
  const text =
    typeof pem === "string" ? pem : asBuffer(pem.subarray(0, pemLimits.privateKey)).toString("latin1");
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: ?4,ENCRYPTED/.test(text))
    throw new Refusal(
      "it is encrypted",
      "decrypt it first, for example with openssl pkey; the Secret is its protection",
    );
}

function load(key: Buffer, type: "pkcs1" | "pkcs8" | "sec1"): KeyObject {
  try {
    return createPrivateKey({ key, format: "der", type });
  } catch {
    // The cause is left out on purpose: it may speak of the key's contents.
    throw new Refusal("OpenSSL does not accept it");
  }
}

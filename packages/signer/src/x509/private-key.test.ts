import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { IssuerError } from "../errors.ts";
import { newPrivateKey } from "./ca-certificate.ts";
import { keyAlgorithmOf, spkiOf } from "./ca-signer.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import { parsePrivateKey } from "./private-key.ts";
import type { KeyAlgorithm } from "./public-key.ts";

const ec = newPrivateKey({ name: "EC", curve: "P-256" });
const rsa = newPrivateKey({ name: "RSA", modulusLength: 2048 });
const pkcs8 = ec.export({ type: "pkcs8", format: "pem" }).toString();

describe("parsePrivateKey", () => {
  it("reads a key as openssl exports it from PKCS#12, as from AD CS, with bag attributes around it", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    const exported = `Bag Attributes\n    friendlyName: te-a1b2\n    localKeyID: 01 00 00 00\nKey Attributes: <No Attributes>\n${pem}`;
    expect(parsePrivateKey(exported).equals(privateKey)).toBe(true);
  });

  it.each<KeyAlgorithm>([
    { name: "RSA", modulusLength: 2048 },
    { name: "RSA-PSS", modulusLength: 2048 },
    { name: "EC", curve: "P-256" },
    { name: "EC", curve: "P-384" },
    { name: "EC", curve: "P-521" },
    { name: "Ed25519" },
  ])("loads PKCS#8 of %j", (algorithm) => {
    const key = newPrivateKey(algorithm);
    const loaded = parsePrivateKey(key.export({ type: "pkcs8", format: "pem" }).toString());
    expect(spkiOf(loaded)).toEqual(spkiOf(key));
    expect(keyAlgorithmOf(loaded)).toEqual(algorithm);
  });

  it("loads PKCS#1 and SEC 1, from text and bytes", () => {
    const pkcs1 = rsa.export({ type: "pkcs1", format: "pem" }).toString();
    const sec1 = ec.export({ type: "sec1", format: "pem" }).toString();
    expect(spkiOf(parsePrivateKey(pkcs1))).toEqual(spkiOf(rsa));
    expect(spkiOf(parsePrivateKey(Buffer.from(sec1)))).toEqual(spkiOf(ec));
  });

  it("loads what openssl ecparam writes, parameters first", () => {
    using openssl = new OpensslFixture();
    openssl.run("ecparam", "-name", "prime256v1", "-genkey", "-out", "k.pem");
    expect(openssl.read("k.pem")).toContain("EC PARAMETERS");
    expect(keyAlgorithmOf(parsePrivateKey(openssl.read("k.pem")))).toEqual({ name: "EC", curve: "P-256" });
  });

  it.each([
    [
      "encrypted PKCS#8",
      ec.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString(),
      /encrypted/,
    ],
    [
      "encrypted PKCS#1",
      rsa.export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString(),
      /encrypted/,
    ],
    ["a public key", pkcs8.replaceAll("PRIVATE KEY", "PUBLIC KEY"), /is a PUBLIC KEY/],
    ["two keys", pkcs8 + pkcs8, /2 PEM blocks/],
    ["nothing", "", /0 PEM blocks/],
    ["a broken body", pkcs8.replace(/\n.{8}/, "\n"), /not valid DER|base64/],
    ["more than 13,000 bytes", pkcs8.padEnd(13_001), /at most 13000/],
    ["RSA of 1024 bits", pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey), /1024 bits/],
    ["Ed448", pem(generateKeyPairSync("ed448").privateKey), /unsupported algorithm/],
    [
      "secp256k1",
      pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey),
      /unsupported curve/,
    ],
  ])("refuses %s as trouble of the issuer, without a word of the key", (_name, text, message) => {
    let refusal: unknown;
    try {
      parsePrivateKey(text);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(IssuerError);
    expect((refusal as Error).message).toMatch(message);
    const body = text.split("\n").find((line) => line.length === 64);
    for (let at: unknown = refusal; at instanceof Error && body !== undefined; at = at.cause)
      expect(`${at.message}${at.stack}`).not.toContain(body.slice(0, 16));
  });
});

function pem(key: ReturnType<typeof newPrivateKey>): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

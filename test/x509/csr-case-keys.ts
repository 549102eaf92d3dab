import { constants, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { newPrivateKey } from "../../packages/signer/src/x509/ca-certificate.ts";
import { contextTag, readDer, readSequence, tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derBitString,
  derNull,
  derOid,
  derSequence,
  derSmallInteger,
  derUnsigned,
} from "../../packages/signer/src/x509/der-writer.ts";
import { ec, rsa, rsaKey } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import { writeRequest } from "../../packages/signer/src/x509/request-fixture.ts";
import type { SignatureAlgorithm } from "../../packages/signer/src/x509/signature-algorithm.ts";
import type { CsrCase } from "./csr-case.ts";
import { neighbouringPrimes, primeOf, requestByPrimes, rocaPrime, untilModulusFits } from "./weak-rsa.ts";

/** The request with another signature over the same content. */
function resigned(
  request: Uint8Array,
  algorithmIdentifier: Uint8Array,
  signer: (info: Uint8Array) => Uint8Array,
): Uint8Array {
  const [info] = readSequence(readDer(request, "the request"), "the request");
  if (info === undefined) throw new TypeError("the request is empty");
  return derSequence(info.der, algorithmIdentifier, derBitString(signer(info.der)));
}

/** RSA-PSS parameters (RFC 4055 §3.1) of SHA-256 and any salt. */
function pssIdentifier(saltLength: number): Uint8Array {
  const hash = derSequence(derOid(oids.sha256), derNull);
  return derSequence(
    derOid(oids.rsaPss),
    derSequence(
      der(contextTag(0, true), hash),
      der(contextTag(1, true), derSequence(derOid(oids.mgf1), hash)),
      der(contextTag(2, true), derSmallInteger(saltLength)),
    ),
  );
}

function pssWithSalt(saltLength: number): Uint8Array {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return resigned(rsa({}), pssIdentifier(saltLength), (info) =>
    sign("sha256", info, { key: rsaKey, padding, saltLength }),
  );
}

function byRsa(algorithm: SignatureAlgorithm): () => Uint8Array {
  return () => rsa({ algorithm });
}

const sha1WithEcdsa = derSequence(derOid(oids.ecdsaWithSha1));
const ecKey = newPrivateKey({ name: "EC", curve: "P-256" });

/** Keys and signatures whose proof of possession holds, sound and weak. */
export const keyCases: readonly CsrCase[] = [
  { name: "RSA-2048 by SHA-256", request: byRsa("RSA-SHA256"), ours: "issued" },
  { name: "RSA-2048 by SHA-384", request: byRsa("RSA-SHA384"), ours: "issued" },
  { name: "RSA-2048 by SHA-512", request: byRsa("RSA-SHA512"), ours: "issued" },
  { name: "RSA-PSS by SHA-256", request: byRsa("RSA-PSS-SHA256"), ours: "issued" },
  { name: "RSA-PSS by SHA-384", request: byRsa("RSA-PSS-SHA384"), ours: "issued" },
  { name: "RSA-PSS by SHA-512", request: byRsa("RSA-PSS-SHA512"), ours: "issued" },
  {
    name: "RSA-3072 with e = 3",
    request: () =>
      writeRequest({
        key: generateKeyPairSync("rsa", { modulusLength: 3072, publicExponent: 3 }).privateKey,
      }),
    ours: "issued",
  },
  {
    name: "RSA-4096",
    request: () => writeRequest({ key: newPrivateKey({ name: "RSA", modulusLength: 4096 }) }),
    ours: "issued",
  },
  {
    name: "P-384",
    request: () => writeRequest({ key: newPrivateKey({ name: "EC", curve: "P-384" }) }),
    ours: "issued",
  },
  {
    name: "P-521",
    request: () => writeRequest({ key: newPrivateKey({ name: "EC", curve: "P-521" }) }),
    ours: "issued",
  },
  { name: "P-256 by SHA-512", request: () => ec({ algorithm: "ECDSA-SHA512" }), ours: "issued" },
  {
    name: "Ed25519",
    request: () => writeRequest({ key: newPrivateKey({ name: "Ed25519" }) }),
    ours: "issued",
  },
  {
    name: "an RSA signature algorithm without NULL",
    request: () => rsa({ algorithmIdentifier: derSequence(derOid(oids.sha256WithRsa)) }),
    ours: "issued",
  },
  { name: "RSA-PSS with a salt of 20", request: () => pssWithSalt(20), ours: "issued" },
  { name: "RSA-PSS with the longest salt", request: () => pssWithSalt(222), ours: "issued" },
  {
    name: "an id-RSASSA-PSS key",
    request: () => writeRequest({ key: newPrivateKey({ name: "RSA-PSS", modulusLength: 2048 }) }),
    ours: "issued",
  },
  {
    name: "RSA by a sound SHA-1 signature",
    request: () =>
      resigned(rsa({}), derSequence(derOid(oids.sha1WithRsa), derNull), (info) => sign("sha1", info, rsaKey)),
    ours: /weak or unsupported/,
  },
  {
    name: "ECDSA by a sound SHA-1 signature",
    request: () => resigned(writeRequest({ key: ecKey }), sha1WithEcdsa, (info) => sign("sha1", info, ecKey)),
    ours: /weak or unsupported/,
  },
  {
    name: "RSA by a sound MD5 signature",
    request: () =>
      resigned(rsa({}), derSequence(derOid(oids.md5WithRsa), derNull), (info) => sign("md5", info, rsaKey)),
    ours: /weak or unsupported/,
  },
  {
    name: "RSA with a factor of 10 bits",
    request: () => requestByPrimes(...untilModulusFits(() => [743n, primeOf(1019), primeOf(1020)])),
    ours: /small factor/,
  },
  {
    name: "RSA of neighbouring primes",
    request: () => requestByPrimes(...neighbouringPrimes()),
    ours: /too close/,
  },
  {
    name: "RSA with the ROCA fingerprint",
    request: () =>
      requestByPrimes(...untilModulusFits(() => [rocaPrime(1024, 12_345), rocaPrime(1024, 54_321)])),
    ours: /ROCA/,
  },
  {
    name: "RSA of two honest primes, by hand",
    request: () => requestByPrimes(primeOf(1024), primeOf(1024)),
    ours: "issued",
  },
  {
    name: "an RSA modulus with a leading zero octet",
    request: () => {
      const { n = "", e = "" } = createPublicKey(rsaKey).export({ format: "jwk" });
      const modulus = der(tags.integer, Uint8Array.of(0, 0), Buffer.from(n, "base64url"));
      const key = derSequence(modulus, derUnsigned(Buffer.from(e, "base64url")));
      return rsa({
        spki: derSequence(derSequence(derOid(oids.rsaEncryption), derNull), derBitString(key)),
      });
    },
    ours: /not minimal/,
  },
  {
    name: "an EC public key algorithm with another curve OID than any",
    request: () =>
      ec({
        spki: derSequence(
          derSequence(derOid(oids.ecPublicKey), derOid("1.2.3")),
          derBitString(new Uint8Array(65)),
        ),
      }),
    ours: /unsupported curve/,
  },
];

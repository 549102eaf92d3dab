import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { newPrivateKey } from "../../packages/signer/src/x509/ca-certificate.ts";
import { softwareCaSigner } from "../../packages/signer/src/x509/ca-signer.ts";
import { contextTag, tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derBitString,
  derNull,
  derOid,
  derSequence,
} from "../../packages/signer/src/x509/der-writer.ts";
import { encodeName } from "../../packages/signer/src/x509/encode-name.ts";
import {
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
} from "../../packages/signer/src/x509/extensions.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import { encodePem } from "../../packages/signer/src/x509/pem.ts";
import { generalName, sanExtension, writeRequest } from "../../packages/signer/src/x509/request-fixture.ts";
import {
  encodeSignatureAlgorithm,
  paddingOf,
  schemeOf,
} from "../../packages/signer/src/x509/signature-algorithm.ts";
import { copyTree, type DerNode, readTree, writeTree } from "./der-tree.ts";
import { mutateOctets, mutateText, mutateTree } from "./mutate-der.ts";
import type { Random } from "./random.ts";

/** A CertificateRequest whose CSR, and sometimes spec, has been tampered with. */
export interface MutatedRequest {
  /** `spec.request`. */
  readonly request: string;
  readonly isCA: boolean;
  readonly usages: readonly string[];
}

interface Seed {
  readonly key: KeyObject;
  readonly tree: DerNode;
  readonly isCA: boolean;
  readonly usages: readonly string[];
}

const LABEL = "CERTIFICATE REQUEST";
const usageLists = [
  [],
  ["server auth"],
  ["digital signature", "server auth", "client auth"],
  ["cert sign"],
] as const;

/** Makes mutated requests, each from one of a dozen sound ones. Keys but RSA's follow from nothing but their names. */
export class CsrMutator {
  readonly #random: Random;
  readonly #seeds: readonly Seed[] = soundRequests();
  readonly #donors: readonly DerNode[] = this.#seeds.map(({ tree }) => tree);

  constructor(random: Random) {
    this.#random = random;
  }

  next(): MutatedRequest {
    const random = this.#random;
    const seed = random.pick(this.#seeds);
    const { isCA, usages } = random.chance(0.85)
      ? seed
      : { isCA: random.chance(0.3), usages: random.pick(usageLists) };
    return { request: this.#request(seed), isCA, usages };
  }

  /** Most mutants have a sound signature over what was mutated; the others are mutated in what is around it. */
  #request({ key, tree: sound }: Seed): string {
    const random = this.#random;
    const tree = copyTree(sound);
    const [info, algorithm, signature] = tree.content as [DerNode, DerNode, DerNode];
    const kind = random.next();
    const target = kind < 0.75 ? info : random.pick([tree, algorithm, signature]);
    for (let left = random.chance(0.3) ? 3 : 1; kind < 0.87 && left > 0; left -= 1)
      mutateTree(target, random, this.#donors);
    if (kind < 0.75) return encodePem(LABEL, signed(key, writeTree(info)));
    const bytes = writeTree(tree);
    if (kind < 0.94) return encodePem(LABEL, kind < 0.87 ? bytes : mutateOctets(bytes, random));
    return mutateText(encodePem(LABEL, bytes), random);
  }
}

function signed(key: KeyObject, info: Uint8Array): Uint8Array {
  const { algorithm } = softwareCaSigner(key);
  const scheme = schemeOf(algorithm);
  const signature = sign(scheme.hash, info, { key, ...paddingOf(scheme) });
  return derSequence(info, encodeSignatureAlgorithm(algorithm), derBitString(signature));
}

function soundRequests(): readonly Seed[] {
  const p256 = ecKey("prime256v1", "P-256", 32);
  const p384 = ecKey("secp384r1", "P-384", 48);
  const ed25519 = createPrivateKey({
    // PKCS#8 of Ed25519 up to the 32 octets of the key (RFC 8410 §7).
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), digest("Ed25519", 32)]),
    format: "der",
    type: "pkcs8",
  });
  const rsa = newPrivateKey({ name: "RSA", modulusLength: 2048 });
  const leafUsages = ["digital signature", "server auth", "client auth"];
  const san = sanExtension(
    generalName(2, "a.example.com"),
    generalName(2, "*.example.com"),
    generalName(7, Uint8Array.of(10, 0, 0, 1)),
    generalName(7, new Uint8Array(16).fill(1)),
    generalName(6, "spiffe://cluster.local/ns/a/sa/b"),
    generalName(1, "a@example.com"),
    der(
      contextTag(0, true),
      derOid("1.3.6.1.4.1.311.20.2.3"),
      der(contextTag(0, true), der(tags.utf8String, Buffer.from("u@x"))),
    ),
    der(contextTag(4, true), encodeName([{ type: "CN", value: "x" }])),
    der(contextTag(8, false), Uint8Array.of(0x2a, 3)),
  );
  const leaf = [
    san,
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(["digital signature"])),
    encodeExtension(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(["server auth", "client auth"])),
    encodeExtension(
      oids.basicConstraints,
      true,
      encodeBasicConstraints({ isCA: false, pathLength: undefined }),
    ),
    encodeExtension("1.2.3.4", false, derNull),
  ];
  const authority = [
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(["cert sign", "crl sign"])),
    encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCA: true, pathLength: 1 })),
    encodeExtension(
      oids.nameConstraints,
      true,
      derSequence(
        der(contextTag(0, true), derSequence(generalName(2, "example.com"))),
        der(contextTag(1, true), derSequence(generalName(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0)))),
      ),
    ),
  ];
  const subject = encodeName([
    { type: "C", value: "DE" },
    { type: "O", value: "Ünïcode" },
    { type: "CN", value: "host.example.com" },
    { type: "DC", value: "example" },
  ]);
  const seed = (key: KeyObject, request: Uint8Array, isCA: boolean, usages: readonly string[]): Seed => {
    const tree = readTree(request);
    if (tree === undefined) throw new TypeError("a sound request is not DER");
    return { key, tree, isCA, usages };
  };
  // P-256 and Ed25519 more often than what signs slowly.
  return [...new Array(4).fill([p256, ed25519]).flat(), p384, rsa].flatMap((key) => [
    seed(key, writeRequest({ key, subject, extensions: leaf }), false, leafUsages),
    seed(key, writeRequest({ key, subject, extensions: authority }), true, ["cert sign", "crl sign"]),
    seed(key, writeRequest({ key, subject: derSequence(), extensions: [san] }), false, leafUsages),
  ]);
}

function ecKey(name: string, crv: string, length: number): KeyObject {
  const ecdh = createECDH(name);
  const d = digest(crv, length);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)];
  const [jwkX, jwkY, jwkD] = [x, y, d].map((part) => part.toString("base64url"));
  return createPrivateKey({
    key: { kty: "EC", crv, x: jwkX ?? "", y: jwkY ?? "", d: jwkD ?? "" },
    format: "jwk",
  });
}

/** Octets that follow from a name, the first clear so that they are below every curve's order. */
function digest(name: string, length: number): Buffer {
  const octets = createHash("sha512").update(name).digest().subarray(0, length);
  octets[0] = 0;
  return octets;
}

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { buildCsr, type Csr, InvalidCsrError, newPrivateKey, parseCsr } from "@countersign/issuer-core";

/** `subjectAltName` with an empty list, as Go's client writes it where it is given no names. */
const emptySan = Buffer.from("30090603551d1104023000", "hex");

/** Hash of a signature algorithm by the DER of its OID. */
const hashes: ReadonlyMap<string, string> = new Map([
  ["06092a864886f70d01010b", "sha256"],
  ["06092a864886f70d01010c", "sha384"],
  ["06092a864886f70d01010d", "sha512"],
  ["06082a8648ce3d040302", "sha256"],
  ["06082a8648ce3d040303", "sha384"],
  ["06082a8648ce3d040304", "sha512"],
]);

/**
 * Reads a CSR as strictly as the toolkit does, but for one thing that products take and the toolkit refuses: an empty
 * subjectAltName extension, which counts as none. Other extensions of such a request count as none too.
 *
 * @throws InvalidCsrError
 */
export async function readCsrLeniently(pem: string): Promise<Csr> {
  const base64 = /-----BEGIN CERTIFICATE REQUEST-----([^-]*)-----END/.exec(pem)?.[1] ?? "";
  const der = Buffer.from(base64, "base64");
  if (!der.includes(emptySan)) return parseCsr(pem);
  const [info, algorithm, bits] = children(der);
  const [, subject, spki] = info === undefined ? [] : children(info);
  const [oid] = algorithm === undefined ? [] : children(algorithm);
  if (info === undefined || subject === undefined || spki === undefined || bits === undefined)
    throw malformed();
  const publicKey = keyOf(spki);
  const hash = hashes.get(oid?.toString("hex") ?? "");
  // The first octet of a BIT STRING counts unused bits: none.
  if (hash === undefined || !verify(hash, info, publicKey, contentOf(bits).subarray(1)))
    throw new InvalidCsrError(
      "certificate request refused: its signature does not verify; make a new request",
    );
  // The toolkit reads the same subject in a request of its own; key and bytes are put back.
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const [named, keyed] = [parseCsr(await buildCsr({ key, subjectDer: subject })), keyAlgorithm(publicKey)];
  return { ...named, pem, der, publicKey, spkiDer: spki, keyAlgorithm: keyed };
}

function malformed(): InvalidCsrError {
  return new InvalidCsrError("certificate request refused: it is malformed; make a new request");
}

function keyOf(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    throw malformed();
  }
}

function keyAlgorithm(key: KeyObject): Csr["keyAlgorithm"] {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength !== undefined && modulusLength >= 2048)
    return { name: "RSA", modulusLength };
  const curve = ({ prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" } as const)[namedCurve ?? ""];
  if (curve !== undefined) return { name: "EC", curve };
  throw new InvalidCsrError("certificate request refused: its key is of no supported kind; make a new one");
}

/** The elements within a DER element. */
function children(element: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = contentOf(element); rest.length > 0; ) {
    const { end } = header(rest);
    if (end > rest.length) return [];
    parts.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return parts;
}

function contentOf(element: Buffer): Buffer {
  const { begin, end } = header(element);
  return element.subarray(begin, end);
}

/** Where the content of a DER element begins and ends. */
function header(element: Buffer): { readonly begin: number; readonly end: number } {
  const first = element[1] ?? 0;
  if (first < 0x80) return { begin: 2, end: 2 + first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 3 || element.length < 2 + octets)
    return { begin: element.length, end: element.length + 1 };
  return { begin: 2 + octets, end: 2 + octets + element.readUIntBE(2, octets) };
}

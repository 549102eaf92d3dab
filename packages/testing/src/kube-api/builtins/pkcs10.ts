import { createPublicKey, verify, X509Certificate } from "node:crypto";

/** A DER element: its tag, its content, and itself with header. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/** Hash by signature algorithm OID (content bytes in hex); null: the algorithm hashes by itself. */
const HASHES: ReadonlyMap<string, string | null> = new Map([
  ["2a864886f70d010105", "sha1"],
  ["2a864886f70d01010b", "sha256"],
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a8648ce3d040301", "sha224"],
  ["2a8648ce3d040302", "sha256"],
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
  ["2b6570", null],
]);

/** Why base64 of a PEM certificate request (RFC 2986) cannot be accepted; undefined when its signature verifies. */
export function certificateRequestProblem(base64: string): string | undefined {
  const pem = Buffer.from(base64, "base64").toString("latin1");
  const body = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+?)-----END/.exec(pem)?.[1];
  if (body === undefined) return "PEM block type must be CERTIFICATE REQUEST";
  try {
    const [info, algorithm, signature] = children(element(Buffer.from(body, "base64")).content);
    const key = info && children(info.content)[2];
    const oid = algorithm && children(algorithm.content)[0]?.content.toString("hex");
    const hash = HASHES.get(oid ?? "");
    if (!info || !key || !signature || hash === undefined)
      return "x509: cannot verify signature: algorithm unimplemented";
    const publicKey = createPublicKey({ key: key.whole, format: "der", type: "spki" });
    return verify(hash, info.whole, publicKey, signature.content.subarray(1))
      ? undefined
      : "x509: signature verification failed";
  } catch {
    return "asn1: structure error: not a PKCS #10 certificate request";
  }
}

/** Why base64 of PEM certificates cannot be a CSR's `status.certificate`; undefined when it can, or is empty. */
export function certificateProblem(base64: string): string | undefined {
  const pem = Buffer.from(base64, "base64").toString("latin1");
  if (pem === "") return undefined;
  const blocks = [...pem.matchAll(/-----BEGIN ([^-]+)-----([\s\S]*?)-----END \1-----/g)];
  if (blocks.length === 0) return "must contain at least one CERTIFICATE PEM block";
  const foreign = blocks.find(([, type]) => type !== "CERTIFICATE");
  if (foreign) return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(foreign[1])}`;
  if (blocks.some(([, , body]) => body?.includes(":"))) return "no PEM block headers are permitted";
  try {
    for (const [block] of blocks) new X509Certificate(block);
    return undefined;
  } catch {
    return "x509: malformed certificate";
  }
}

function element(bytes: Buffer): Element {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw new RangeError("truncated DER");
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (extra > 4) throw new RangeError("DER length too large");
  const length = extra === 0 ? first : bytes.readUIntBE(2, extra);
  const start = 2 + extra;
  if (bytes.length < start + length) throw new RangeError("truncated DER");
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}

function children(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = element(rest);
    found.push(next);
    rest = rest.subarray(next.whole.length);
  }
  return found;
}

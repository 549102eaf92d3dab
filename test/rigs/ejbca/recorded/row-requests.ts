import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { buildCsr, type CaSigner, parseCsr } from "@countersign/issuer-core";
import { callEjbca } from "../call-ejbca.ts";
import type { Ejbca } from "../start-ejbca.ts";
import { enrolPath, type RowCall } from "./recorded-row.ts";

/** What a CSR of the recordings contained. */
export interface RowCsr {
  /** `CN=web,O=Org`, in the order of the encoding. */
  readonly subject?: string | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly ip?: readonly string[] | undefined;
  readonly uri?: readonly string[] | undefined;
  readonly email?: readonly string[] | undefined;
  /** P-256 unless given. */
  readonly key?: KeyObject | undefined;
  /** The text of the field itself, made from the PEM. */
  readonly text?: ((pem: string) => string) | undefined;
}

const standard = Object.freeze({
  certificate_profile_name: "LabTLS",
  end_entity_profile_name: "LabEEP",
  certificate_authority_name: "LabIssuingCA",
});

/** A pkcs10enroll with the names that most were recorded with; undefined leaves a field out. */
export async function enrolCall(
  fields: Readonly<Record<string, unknown>>,
  csr: RowCsr = {},
  more: Partial<RowCall> = {},
): Promise<RowCall> {
  const { username = "x" } = fields;
  const host = `${username}.lab.example`;
  const { subject = `CN=${host},O=EJBCA Lab`, dns = [host], text = (pem: string) => pem } = csr;
  const key = csr.key ?? newKey();
  const pem = await buildCsr({
    key: signerOver(key),
    subject: subject
      .split(",")
      .filter((part) => part !== "")
      .map((part) => ({ type: part.split("=")[0] ?? "", value: part.slice(part.indexOf("=") + 1) })),
    dnsNames: dns,
    ipAddresses: csr.ip,
    uris: csr.uri,
    emails: csr.email,
  });
  const body = { ...standard, include_chain: true, ...fields, certificate_request: text(pem) };
  return { path: enrolPath, body, ...more };
}

/** The same, with everything in it asked for beforehand. */
export async function enrolled(
  ejbca: Ejbca,
  fields: Readonly<Record<string, unknown>>,
  csr: RowCsr = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { path, body } = await enrolCall(fields, csr);
  const answer = await callEjbca(ejbca, { path, body, client: ejbca.clients.superadmin });
  if (answer.status !== 201) throw new Error(`The enrolment before the recorded one failed: ${answer.text}`);
  return answer.json;
}

/** A new key of the kind; weak ones among them. */
export function newKey(kind: "P-256" | "P-521" | "RSA-1024" | "Ed25519" = "P-256"): KeyObject {
  switch (kind) {
    case "RSA-1024":
      return generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    case "Ed25519":
      return generateKeyPairSync("ed25519").privateKey;
    default:
      return generateKeyPairSync("ec", { namedCurve: kind }).privateKey;
  }
}

/** Signs with keys that the toolkit's own signer refuses. */
function signerOver(key: KeyObject): CaSigner {
  const type = key.asymmetricKeyType;
  const algorithm = type === "ed25519" ? "Ed25519" : type === "rsa" ? "RSA-SHA256" : "ECDSA-SHA256";
  const hash = type === "ed25519" ? null : "sha256";
  return { publicKey: createPublicKey(key), algorithm, sign: (message) => sign(hash, message, key) };
}

/** The CSR with the last bit of its signature turned. */
export function withBrokenSignature(pem: string): string {
  const der = Buffer.from(parseCsr(pem).der);
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return der.toString("base64");
}

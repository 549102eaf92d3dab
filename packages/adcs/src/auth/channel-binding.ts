import { createHash } from "node:crypto";
import { IssuerError } from "@countersign/issuer-signer";
import {
  contextTag,
  type DerElement,
  Refusal,
  readDer,
  readOid,
  readSequence,
} from "@countersign/issuer-signer/der";
import { md5 } from "./md5.ts";

const rsaPss = "1.2.840.113549.1.1.10";

/** Hash of each signature algorithm (RFC 4055, RFC 5758, RFC 3279); MD5 and SHA-1 become SHA-256 (RFC 5929 §4.1). */
const hashOfSignature: Readonly<Record<string, string>> = Object.freeze({
  "1.2.840.113549.1.1.4": "sha256", // md5WithRSAEncryption
  "1.2.840.113549.1.1.5": "sha256", // sha1WithRSAEncryption
  "1.3.14.3.2.29": "sha256", // sha1WithRSASignature, as old CAs write it
  "1.2.840.10040.4.3": "sha256", // dsa-with-sha1
  "2.16.840.1.101.3.4.3.2": "sha256", // dsa-with-sha256
  "1.2.840.10045.4.1": "sha256", // ecdsa-with-SHA1
  "1.2.840.113549.1.1.14": "sha224",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.1": "sha224",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
});

const hashes: Readonly<Record<string, string>> = Object.freeze({
  "1.3.14.3.2.26": "sha256", // SHA-1, replaced as above
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
});

/** RFC 5929 says nothing of signatures with no hash, or with several; SHA-256 is what other clients take. */
const undefinedHash = "sha256";

/**
 * The channel binding `tls-server-end-point` (RFC 5929 §4) of a server's certificate, as {@link bindingOfEndPoint} has it.
 * Throws an `IssuerError` for bytes that are no certificate.
 *
 * @param certificate DER of the certificate that the server proved on the connection that is authenticated
 */
export function channelBinding(certificate: Uint8Array): Uint8Array {
  return bindingOfEndPoint(createHash(hashFor(certificate)).update(certificate).digest());
}

/**
 * A `tls-server-end-point` as NTLM and Kerberos carry it: MD5 of the `gss_channel_bindings_struct` (RFC 4121 §4.1.1.2,
 * MS-NLMP 2.2.2.1), 16 bytes.
 */
export function bindingOfEndPoint(hash: Uint8Array): Uint8Array {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:", "ascii"), hash]);
  // Initiator and acceptor: address type 0 and length 0 each.
  const bindings = Buffer.alloc(20);
  bindings.writeUInt32LE(data.length, 16);
  return md5(bindings, data);
}

/** node:crypto's name of the hash of the server's end point. */
function hashFor(certificate: Uint8Array): string {
  try {
    const [, algorithm] = readSequence(readDer(certificate, "it"), "it");
    const [oidElement, parameters] = readSequence(algorithm, "its signature algorithm");
    const oid = readOid(oidElement, "its signature algorithm");
    return (oid === rsaPss ? pssHash(parameters) : hashOfSignature[oid]) ?? undefinedHash;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new IssuerError(`the server's certificate cannot be read (${error.message}); renew it`, {
      cause: error,
    });
  }
}

/** RFC 4055 §3.1: `[0] hashAlgorithm` DEFAULT sha1, `[1] maskGenAlgorithm` with a hash of its own. */
function pssHash(parameters: DerElement | undefined): string | undefined {
  const fields = parameters === undefined ? [] : readSequence(parameters, "its RSA-PSS parameters");
  const inner = (number: number) => fields.find(({ tag }) => tag === contextTag(number, true))?.children()[0];
  const nameOf = (identifier: DerElement | undefined) => {
    if (identifier === undefined) return hashes["1.3.14.3.2.26"];
    return hashes[readOid(readSequence(identifier, "its RSA-PSS hash")[0], "its RSA-PSS hash")];
  };
  const mask = inner(1);
  const maskHash = mask === undefined ? undefined : readSequence(mask, "its RSA-PSS mask")[1];
  const [hash, masked] = [nameOf(inner(0)), nameOf(maskHash)];
  return hash === masked ? hash : undefined;
}

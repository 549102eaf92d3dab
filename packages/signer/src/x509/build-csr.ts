import type { KeyObject } from "node:crypto";
import { type CaSigner, type SignatureAlgorithmOptions, softwareCaSigner } from "./ca-signer.ts";
import { derBitString, derSequence } from "./der-writer.ts";
import type { SubjectAttribute } from "./encode-name.ts";
import { encodePem } from "./pem.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

/** What {@link buildCsr} puts into a request. */
export interface BuildCsrOptions extends SignatureAlgorithmOptions {
  /** The private key that the request is for, or a signer over it where it is not in this process. */
  readonly key: KeyObject | CaSigner;
  /** In the order of the encoding; a `commonName` is put before them. */
  readonly subject?: readonly SubjectAttribute[] | undefined;
  readonly commonName?: string | undefined;
  /** An encoded Name instead of `subject` and `commonName`. */
  readonly subjectDer?: Uint8Array | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  /** cert-manager's words; encoded as key usage and extended key usage, as cert-manager does. Left out: neither extension. */
  readonly usages?: readonly string[] | undefined;
  /** Encoded as BasicConstraints. Left out: no extension, as cert-manager does by default. */
  readonly isCA?: boolean | undefined;
}

/**
 * Makes a PKCS#10 request and answers its PEM. Written with pkijs, which is loaded on the first call: requests are made
 * rarely, and a second encoder keeps the toolkit's own reader honest. Names are not checked, so that a test can ask for
 * what a CA must refuse; {@link parseCsr} is the judge.
 */
export async function buildCsr(options: BuildCsrOptions): Promise<string> {
  const { encodeRequestInfo } = await import("./pkcs10-writer.ts");
  const signer = "sign" in options.key ? options.key : softwareCaSigner(options.key, options);
  const info = encodeRequestInfo(options, signer.publicKey);
  const signature = await signer.sign(info);
  // pkijs leaves out the NULL of an RSA AlgorithmIdentifier, so the outer sequence is put together here.
  const request = derSequence(info, encodeSignatureAlgorithm(signer.algorithm), derBitString(signature));
  return encodePem("CERTIFICATE REQUEST", request);
}

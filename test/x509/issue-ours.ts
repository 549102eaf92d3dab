import type { KeyObject } from "node:crypto";
import {
  buildCertificate,
  type CaSigner,
  deterministicSerial,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-core";
import type { CsrQuestion } from "../rigs/x509-oracle.ts";

/** A CA in this process, as the software CA example has it. */
export interface OurCa {
  readonly certificate: X509;
  readonly signer: CaSigner;
  readonly key: KeyObject;
}

/** What is asked of {@link issueOurs}: what the spec of a CertificateRequest asks. */
export interface OurRequest {
  readonly request: string;
  readonly isCA: boolean;
  readonly usages: readonly string[] | undefined;
  readonly unknownCriticalExtensions?: "drop" | undefined;
}

/** A CA with a new P-256 key, valid for a year around now. */
export function newOurCa(): OurCa {
  const { certificate, key } = newSelfSignedCa({
    commonName: "ours",
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 365 * 86_400_000),
  });
  return { certificate, key, signer: softwareCaSigner(key) };
}

/** The CA as the oracle takes it. */
export function caForOracle({ certificate, key }: OurCa): NonNullable<CsrQuestion["ca"]> {
  return { certificates: certificate.pem, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** Issues as a signer of this project does, from `spec.request` to the certificate; a refusal is thrown. */
export async function issueOurs(ca: OurCa, asked: OurRequest): Promise<X509> {
  const { request, isCA, usages, unknownCriticalExtensions } = asked;
  const notBefore = new Date();
  return buildCertificate({
    csr: parseCsr(request),
    caCertificate: ca.certificate,
    signer: ca.signer,
    serial: deterministicSerial(request),
    notBefore,
    notAfter: new Date(notBefore.getTime() + 90 * 86_400_000),
    isCA,
    usages,
    unknownCriticalExtensions,
  });
}

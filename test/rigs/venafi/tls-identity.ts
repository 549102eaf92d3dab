import {
  buildCertificate,
  buildCsr,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  randomSerial,
  softwareCaSigner,
} from "@countersign/issuer-core";

const day = 86_400_000;

/** A server's key and certificate, and the CA that clients must trust; all PEM. */
export interface TlsIdentity {
  readonly caPem: string;
  readonly cert: string;
  readonly key: string;
}

/** A new CA and below it a new server certificate for 127.0.0.1, ::1 and localhost, valid for 30 days. */
export async function newTlsIdentity(): Promise<TlsIdentity> {
  const [notBefore, notAfter] = [new Date(Date.now() - day), new Date(Date.now() + 30 * day)];
  const ca = newSelfSignedCa({ commonName: "Simulator TLS CA", notBefore, notAfter });
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"] };
  const certificate = await buildCertificate({
    csr: parseCsr(await buildCsr({ key, commonName: "simulator", ...names })),
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: randomSerial(),
    notBefore,
    notAfter,
    isCA: false,
    usages: ["digital signature", "server auth"],
  });
  return {
    caPem: ca.certificate.pem,
    cert: certificate.pem,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

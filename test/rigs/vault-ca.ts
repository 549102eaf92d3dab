import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-core";

const DAY_MS = 86_400_000;

/** A certificate and its private key, as PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** Names that a certificate of a {@link TlsAuthority} carries. */
export interface TlsNames {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** A certification authority in this process, which issues for one day. */
export interface TlsAuthority {
  /** Its own certificate, PEM. */
  readonly caPem: string;
  /** A new key with a certificate for servers and clients. */
  issue(names: TlsNames): Promise<PemPair>;
}

/** A new authority, made of the toolkit: for the TLS of the rigs and for clients that log in by certificate. */
export function newTlsAuthority(commonName: string): TlsAuthority {
  const notBefore = new Date(Date.now() - DAY_MS);
  const notAfter = new Date(Date.now() + DAY_MS);
  const { certificate, key: caKey } = newSelfSignedCa({ commonName, notBefore, notAfter });
  return {
    caPem: certificate.pem,
    async issue(names) {
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = parseCsr(await buildCsr({ key, ...names }));
      const { pem } = await buildCertificate({
        csr,
        caCertificate: certificate,
        signer: softwareCaSigner(caKey),
        serial: deterministicSerial(csr.pem),
        isCA: false,
        usages: ["digital signature", "server auth", "client auth"],
        notBefore,
        notAfter,
      });
      return { cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
    },
  };
}

import type { KeyObject } from "node:crypto";
import {
  buildCertificate,
  buildCsr,
  type Csr,
  deterministicSerial,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-signer";

const day = 86_400_000;

/** A CA with its key. */
export interface FakeCa {
  readonly certificate: X509;
  readonly key: KeyObject;
}

/** For tests: a self-signed CA. */
export function fakeRoot(commonName = "Root"): FakeCa {
  const now = Date.now();
  return newSelfSignedCa({
    commonName,
    notBefore: new Date(now - 10 * day),
    notAfter: new Date(now + 400 * day),
  });
}

/** What {@link fakeSign} issues. */
export interface FakeSignOptions {
  readonly csr: Csr;
  readonly seconds?: number;
  readonly isCA?: boolean;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
}

/** For tests: a certificate of the CA. */
export function fakeSign({ certificate, key }: FakeCa, options: FakeSignOptions): Promise<X509> {
  const { csr, seconds = 90 * 86_400, isCA = false, notBefore = Date.now() - 1_000 } = options;
  return buildCertificate({
    csr,
    caCertificate: certificate,
    signer: softwareCaSigner(key),
    serial: deterministicSerial(`${csr.pem}${notBefore}${certificate.sha256Hex}`),
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + seconds * 1000),
    isCA,
    usages: isCA ? ["cert sign", "crl sign"] : ["digital signature", "key encipherment"],
    beyondCa: "allow",
  });
}

/** For tests: a CA below another, with a key of its own or a given one. */
export async function fakeIntermediate(
  above: FakeCa,
  { commonName = "Intermediate", key = newPrivateKey({ name: "EC", curve: "P-256" }) } = {},
): Promise<FakeCa> {
  const csr = parseCsr(await buildCsr({ key, commonName }));
  return { certificate: await fakeSign(above, { csr, isCA: true, seconds: 300 * 86_400 }), key };
}

import type { KeyObject } from "node:crypto";
import { buildCertificate } from "../x509/build-certificate.ts";
import { buildCsr } from "../x509/build-csr.ts";
import { newPrivateKey, newSelfSignedCa } from "../x509/ca-certificate.ts";
import { softwareCaSigner } from "../x509/ca-signer.ts";
import type { X509 } from "../x509/certificate.ts";
import { parseCsr } from "../x509/certification-request.ts";
import { deterministicSerial } from "../x509/serial.ts";

const at = (days: number) => new Date(Date.now() + days * 86_400_000);

const pemOf = (key: KeyObject) => String(key.export({ format: "pem", type: "pkcs8" }));

/** A certificate and its key, as PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** What {@link TlsFixture.issue} puts into a certificate. */
export interface PemPairOptions {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days from now at which it begins and ends. */
  readonly from?: number;
  readonly to?: number;
}

/** For tests: a certification authority made of the toolkit, which issues for servers and clients. */
export class TlsFixture {
  readonly #certificate: X509;
  readonly #key: KeyObject;

  private constructor(certificate: X509, key: KeyObject) {
    this.#certificate = certificate;
    this.#key = key;
  }

  /** A root that is valid from and to so many days from now. */
  static root({ from = -400, to = 400 }: { readonly from?: number; readonly to?: number } = {}): TlsFixture {
    const { certificate, key } = newSelfSignedCa({
      commonName: `CA ${from} ${to}`,
      notBefore: at(from),
      notAfter: at(to),
    });
    return new TlsFixture(certificate, key);
  }

  /** Its certificate as PEM. */
  get ca(): string {
    return this.#certificate.pem;
  }

  /** An authority below this one. */
  async intermediate(): Promise<TlsFixture> {
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const certificate = await this.#build(key, { from: -1, to: 1 }, { isCA: true, usages: ["cert sign"] });
    return new TlsFixture(certificate, key);
  }

  /** A certificate for servers and clients: for 127.0.0.1 and today unless told otherwise. */
  async issue(options: PemPairOptions = {}): Promise<PemPair> {
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const profile = { isCA: false, usages: ["digital signature", "server auth", "client auth"] };
    const { pem } = await this.#build(key, { ipAddresses: ["127.0.0.1"], ...options }, profile);
    return { cert: pem, key: pemOf(key) };
  }

  async #build(
    key: KeyObject,
    { dnsNames = [], ipAddresses = [], from = -1, to = 1 }: PemPairOptions,
    profile: { readonly isCA: boolean; readonly usages: readonly string[] },
  ): Promise<X509> {
    const csr = parseCsr(await buildCsr({ key, commonName: "fixture", dnsNames, ipAddresses }));
    return buildCertificate({
      csr,
      caCertificate: this.#certificate,
      signer: softwareCaSigner(this.#key),
      serial: deterministicSerial(csr.pem),
      notBefore: at(from),
      notAfter: at(to),
      beyondCa: "allow",
      ...profile,
    });
  }
}

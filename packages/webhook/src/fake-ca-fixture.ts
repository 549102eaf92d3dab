import type { KeyObject } from "node:crypto";
import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  issueFromCa,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  type Signer,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-signer";

const day = 86_400_000;

/** For tests: a root, an intermediate below it, and a signer of the intermediate's. */
export interface FakeCa {
  readonly root: X509;
  readonly intermediate: X509;
  readonly signer: Signer;
  /** A leaf of the intermediate's, with its key as PEM: for a TLS server, or a client of that name. */
  issue(
    commonName: string,
    options?: FakeLeafOptions,
  ): Promise<{ readonly cert: string; readonly key: string }>;
}

/** What {@link FakeCa.issue} puts into a certificate. */
export interface FakeLeafOptions {
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly usages?: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
}

/** For tests: makes the CA. */
export async function fakeCa(commonName = "Fake"): Promise<FakeCa> {
  const at = (days: number) => new Date(Date.now() + days * day);
  const root = newSelfSignedCa({ commonName: `${commonName} Root`, notBefore: at(-10), notAfter: at(400) });
  const build = async (
    above: { readonly certificate: X509; readonly key: KeyObject },
    csrPem: string,
    profile: {
      readonly isCA: boolean;
      readonly usages: readonly string[];
      readonly from: number;
      readonly to: number;
    },
  ) =>
    buildCertificate({
      csr: parseCsr(csrPem),
      caCertificate: above.certificate,
      signer: softwareCaSigner(above.key),
      serial: deterministicSerial(csrPem),
      notBefore: at(profile.from),
      notAfter: at(profile.to),
      isCA: profile.isCA,
      usages: profile.usages,
      beyondCa: "allow",
    });
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const intermediate = await build(root, await buildCsr({ key, commonName }), {
    isCA: true,
    usages: ["cert sign"],
    from: -5,
    to: 300,
  });
  const signer = softwareCaSigner(key);
  return {
    root: root.certificate,
    intermediate,
    signer: {
      check: async () => {},
      sign: (request, { attemptId }) =>
        issueFromCa({
          request,
          attemptId,
          caChain: [intermediate, root.certificate],
          signer,
          now: new Date(),
        }),
    },
    async issue(name, { dnsNames = [], uris = [], usages, from = -1, to = 1 } = {}) {
      const own = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key: own, commonName: name, dnsNames, uris, ipAddresses: ["127.0.0.1"] });
      const { pem } = await build({ certificate: intermediate, key }, csr, {
        isCA: false,
        usages: usages ?? ["digital signature", "server auth", "client auth"],
        from,
        to,
      });
      return { cert: pem + intermediate.pem, key: String(own.export({ format: "pem", type: "pkcs8" })) };
    },
  };
}

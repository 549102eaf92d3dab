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

const day = 24 * 3_600_000;
const ecKey = Object.freeze({ name: "EC", curve: "P-256" } as const);

/** A CA certificate with its key. */
export interface CaPair {
  readonly certificate: X509;
  readonly key: KeyObject;
}

/** What is to be issued. */
export interface IssueOptions {
  readonly csr: Csr;
  readonly serialSeed: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isCA?: boolean | undefined;
  /** cert-manager's words. */
  readonly usages?: readonly string[] | undefined;
  readonly pathLength?: number | undefined;
}

/** Issues below one CA certificate, also what no honest CA would: certificates that have ended, or outlive their CA. */
export function issueBelow({ certificate, key }: CaPair, options: IssueOptions): Promise<X509> {
  const { serialSeed, isCA = false, usages = [], ...rest } = options;
  return buildCertificate({
    ...rest,
    isCA,
    usages,
    caCertificate: certificate,
    signer: softwareCaSigner(key),
    serial: deterministicSerial(serialSeed),
    beyondCa: "allow",
  });
}

/** A new CA below another. */
export async function subordinate(
  parent: CaPair,
  options: Omit<IssueOptions, "csr" | "serialSeed"> & {
    readonly commonName?: string | undefined;
    /** An encoded Name instead of a common name. */
    readonly subjectDer?: Uint8Array | undefined;
  },
): Promise<CaPair> {
  const { commonName, subjectDer, ...rest } = options;
  const key = newPrivateKey(ecKey);
  const csr = parseCsr(await buildCsr({ key, commonName, subjectDer }));
  const usages = options.usages ?? ["cert sign", "crl sign", "digital signature"];
  const certificate = await issueBelow(parent, {
    isCA: true,
    ...rest,
    csr,
    usages,
    serialSeed: `subordinate ${csr.pem}`,
  });
  return { certificate, key };
}

/** A root and the intermediate CA that issues. */
export interface Authority {
  readonly root: CaPair;
  readonly intermediate: CaPair;
}

/** Makes a CA of two levels, valid from a day ago for ten years. */
export async function newAuthority(now: Date): Promise<Authority> {
  const notBefore = new Date(now.getTime() - day);
  const notAfter = new Date(now.getTime() + 3650 * day);
  const root = newSelfSignedCa({ commonName: "Fake PKI Root", notBefore, notAfter });
  const intermediate = await subordinate(root, {
    commonName: "Fake PKI Issuing CA",
    notBefore,
    notAfter,
    pathLength: 0,
  });
  return { root, intermediate };
}

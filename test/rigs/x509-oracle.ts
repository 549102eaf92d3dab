import { join } from "node:path";
import { buildRig } from "./build-rig.ts";
import { opensslVerify } from "./x509-oracle-openssl.ts";
import { startOracleProcess } from "./x509-oracle-process.ts";

/** What cert-manager's CA issuer is asked: the spec of a CertificateRequest and of the issuer. */
export interface CsrQuestion {
  /** `spec.request`, byte for byte: PEM, or whatever a hostile client puts there. */
  readonly request: string | Uint8Array;
  readonly isCA?: boolean | undefined;
  /** cert-manager's words; its defaults unless given. */
  readonly usages?: readonly string[] | undefined;
  /** 90 days unless given. */
  readonly durationSeconds?: number | undefined;
  readonly crlDistributionPoints?: readonly string[] | undefined;
  readonly ocspServers?: readonly string[] | undefined;
  readonly issuingCertificateUrls?: readonly string[] | undefined;
  /** PEM, the certificate first in its chain, and PEM of its key; a throw-away CA of the oracle unless given. */
  readonly ca?: { readonly certificates: string; readonly key: string } | undefined;
}

/** What cert-manager makes of the CSR and the spec before it signs. */
export interface CertificateTemplate {
  /** Name, base64 of its encoding. */
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly isCA: boolean;
  readonly keyUsage: readonly string[];
  readonly extKeyUsage: readonly string[];
  /** Dotted OIDs that cert-manager has no word for and issues all the same. */
  readonly unknownExtKeyUsage: readonly string[];
}

/**
 * cert-manager's verdict: refused at the template (most), refused at signing (the certificate could not be made, or
 * Go could not read it back), or issued.
 */
export type CsrVerdict =
  | { readonly stage: "template"; readonly message: string }
  | { readonly stage: "sign"; readonly message: string; readonly template: CertificateTemplate }
  | { readonly stage: "issued"; readonly template: CertificateTemplate; readonly certificate: Uint8Array };

/** One finding of a linter. */
export interface LintFinding {
  readonly linter: "zlint" | "pkilint";
  readonly code: string;
  readonly severity: "info" | "notice" | "warning" | "error" | "fatal";
  readonly details: string;
}

/** What a certificate may be used for; `any` looks at no extended key usage. */
export type Purpose = "any" | "server auth" | "client auth";

/** A chain to verify; certificates as DER. */
export interface ChainQuestion {
  readonly certificate: Uint8Array;
  readonly intermediates?: readonly Uint8Array[] | undefined;
  readonly root: Uint8Array;
  /** `any` unless given. */
  readonly purpose?: Purpose | undefined;
  readonly host?: string | undefined;
  /** When the chain must be valid. */
  readonly at: Date;
}

/** What one verifier says of a chain; `message` is empty where it is valid. */
export interface ChainVerdict {
  readonly verifier: "go" | "openssl";
  readonly valid: boolean;
  readonly message: string;
}

/** Other people's judgement of requests and certificates. */
export interface X509Oracle extends AsyncDisposable {
  /** Takes the request through cert-manager's own `pkg/util/pki`, as its CA issuer does. */
  judgeCsr(question: CsrQuestion): Promise<CsrVerdict>;
  /** What zlint (RFC sources) and pkilint find in the certificate, and pkilint between it and its issuer; all severities. */
  lint(certificate: Uint8Array, issuer?: Uint8Array): Promise<readonly LintFinding[]>;
  /** Go's `crypto/x509` and `openssl verify -x509_strict`, in this order. */
  verify(question: ChainQuestion): Promise<readonly ChainVerdict[]>;
}

/** A verdict as the line has it: bytes in base64. */
type Encoded<Verdict> = Omit<Verdict, "certificate"> & {
  readonly stage: string;
  readonly certificate?: string;
};

interface LintReport {
  /** Lints that looked at the certificate; none means that the linter is broken. */
  readonly applied: number;
  readonly findings: readonly Omit<LintFinding, "linter">[];
}

/**
 * Starts the oracles (about 1 s): a Go process with cert-manager's pki package, zlint and `crypto/x509`, and a Python
 * process with pkilint. `openssl` is taken from PATH.
 * @throws RigUnavailable when a rig cannot be had.
 */
export async function startOracle(): Promise<X509Oracle> {
  const { path: command } = await buildRig("x509-oracle");
  const { path: python } = await buildRig("x509-oracle-pkilint");
  const go = startOracleProcess(command);
  const pkilint = startOracleProcess(python, [join(import.meta.dirname, "x509-oracle-pkilint", "lint.py")]);
  return {
    async judgeCsr(question) {
      const { request, ca, issuingCertificateUrls, ...rest } = question;
      const judge = {
        ...rest,
        request: base64(request),
        issuingCertificateURLs: issuingCertificateUrls,
        ...(ca && { caCertificate: base64(ca.certificates), caKey: base64(ca.key) }),
      };
      const { certificate = "", ...verdict } = await go.ask<Encoded<CsrVerdict>>({ judge });
      return (
        verdict.stage === "issued" ? { ...verdict, certificate: Buffer.from(certificate, "base64") } : verdict
      ) as CsrVerdict;
    },
    async lint(certificate, issuer) {
      const lint = { certificate: base64(certificate), issuer: issuer && base64(issuer) };
      const reports = await Promise.all([
        go.ask<LintReport>({ lint }).then((report) => findings("zlint", report)),
        pkilint.ask<LintReport>({ lint }).then((report) => findings("pkilint", report)),
      ]);
      return reports.flat();
    },
    async verify(question) {
      const { certificate, intermediates = [], root, purpose = "any", host, at } = question;
      const verify = {
        certificate: base64(certificate),
        intermediates: intermediates.map(base64),
        roots: [base64(root)],
        purposes: [purpose],
        host,
        unixTime: Math.floor(at.getTime() / 1000),
      };
      const [report, openssl] = await Promise.all([
        go.ask<Omit<ChainVerdict, "verifier">>({ verify }),
        opensslVerify(question),
      ]);
      return [{ verifier: "go", ...report }, openssl];
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([go[Symbol.asyncDispose](), pkilint[Symbol.asyncDispose]()]);
    },
  };
}

function findings(linter: LintFinding["linter"], report: LintReport): LintFinding[] {
  if (report.applied === 0) throw new Error(`${linter} had not one lint for a certificate`);
  return report.findings.map((finding) => ({ linter, ...finding }));
}

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes).toString("base64");
}

import { randomUUID } from "node:crypto";
import type { SignRequest } from "../signer.ts";
import { buildCsr } from "../x509/build-csr.ts";
import { newPrivateKey } from "../x509/ca-certificate.ts";
import { parseCsr } from "../x509/certification-request.ts";
import type { KeyAlgorithm } from "../x509/public-key.ts";
import { defaultUsages } from "../x509/usages.ts";

/** What {@link signRequestFor} asks for; whatever is left out is as cert-manager would have it. */
export interface SignRequestForOptions
  extends Partial<Omit<SignRequest, "csr" | "parsedCsr" | "uid" | "kind">> {
  /** One PEM text; one is made for a new key unless given. */
  readonly csr?: string | undefined;
  /** Of the new key; P-256 unless given. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  readonly commonName?: string | undefined;
  /** `www.example.com` unless given. */
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  readonly kind?: SignRequest["kind"] | undefined;
}

const ninetyDays = 90 * 24 * 3600;

/** Makes the request that a signer would get. Rejects with an InvalidCsrError for a `csr` that is none. */
export async function signRequestFor(options: SignRequestForOptions = {}): Promise<SignRequest> {
  const { keyAlgorithm, commonName, dnsNames, ipAddresses, uris, emails, csr: given, ...rest } = options;
  const names = { commonName, dnsNames: dnsNames ?? ["www.example.com"], ipAddresses, uris, emails };
  const key = () => newPrivateKey(keyAlgorithm ?? { name: "EC", curve: "P-256" });
  const csr = parseCsr(given ?? (await buildCsr({ key: key(), ...names })));
  return {
    uid: randomUUID(),
    kind: "CertificateRequest",
    namespace: "default",
    name: "test",
    durationSeconds: ninetyDays,
    isCA: false,
    usages: defaultUsages,
    annotations: {},
    labels: {},
    requester: { username: "test", groups: [] },
    approvedAt: Math.floor(Date.now() / 1000),
    ...withoutUndefined(rest),
    csr: csr.pem,
    parsedCsr: csr,
  };
}

function withoutUndefined<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof T]: Exclude<T[Name], undefined> };
}

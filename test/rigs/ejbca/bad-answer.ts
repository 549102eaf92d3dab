import { parseCertificate, parseCsr } from "@countersign/issuer-core";
import { type Authority, badCertificates, type MakeBad } from "@countersign/issuer-testing";
import { type Answer, jsonAnswer } from "./answer.ts";
import type { CertificateAuthority } from "./authorities.ts";

/** The bad certificates of the testing package that are bad here as well: base64 without PEM is what EJBCA sends. */
export const ejbcaBadCertificates: Readonly<Record<string, MakeBad>> = Object.freeze(
  Object.fromEntries(Object.entries(badCertificates).filter(([name]) => name !== "base64 without PEM")),
);

/** What a bad answer is made from. */
export interface BadAnswerOptions {
  readonly make: MakeBad;
  /** The CSR of the call, as PEM. */
  readonly csrPem: string;
  readonly authority: CertificateAuthority;
  readonly foreign: Authority;
  readonly now: Date;
}

/** The good answer to an enrolment, with a bad certificate or chain in its place. */
export async function badAnswer(good: Answer, options: BadAnswerOptions): Promise<Answer> {
  const { make, csrPem, authority, foreign, now } = options;
  const body = JSON.parse(good.body) as { readonly certificate: string };
  const leaf = parseCertificate(Buffer.from(body.certificate, "base64"));
  const pair = { root: (authority.parent ?? authority).current, intermediate: authority.current };
  const bad = await make({ authority: pair, foreign, csr: parseCsr(csrPem), leaf, now });
  const { pem, ca = "" } = typeof bad === "string" ? { pem: bad } : bad;
  const [first, ...rest] = blocks(pem + ca);
  // What is no PEM at all goes where a certificate should be.
  return jsonAnswer(good.status, { ...body, certificate: first ?? pem, certificate_chain: rest });
}

function blocks(pem: string): string[] {
  const found = pem.matchAll(/-----BEGIN [A-Z0-9 ]+-----([^-]*)(?:-----END [A-Z0-9 ]+-----)?/g);
  return [...found].map(([, base64 = ""]) => base64.replace(/\s+/g, ""));
}

import type { KeyObject } from "node:crypto";
import {
  buildCertificate,
  deterministicSerial,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
  type X509,
} from "@countersign/issuer-core";
import { encodePem } from "../../packages/signer/src/x509/pem.ts";
import { sanExtension, writeRequest } from "../../packages/signer/src/x509/request-fixture.ts";
import type { ChainQuestion, CsrQuestion, Purpose } from "../rigs/x509-oracle.ts";
import { additions, caUsages, ends, keyAlgorithms, names, start, subjects, usages } from "./corpus-values.ts";
import { caForOracle, type OurCa } from "./issue-ours.ts";

/** A certificate with what it was issued for, by whom, and all that is needed to verify it. */
export interface Specimen {
  readonly certificate: X509;
  readonly issuer: X509;
  /** Names of the choices that were made: of the CA, the key, the names, … */
  readonly choices: Readonly<
    Record<"ca" | "key" | "names" | "subject" | "usages" | "end" | "additions", string>
  >;
  /** What cert-manager would be asked. */
  readonly asked: CsrQuestion;
  readonly chain: ChainQuestion;
}

/** A CA that issues, with the certificates above it; a root stands above itself. */
interface Authority extends OurCa {
  readonly name: string;
  readonly above: readonly X509[];
}

/**
 * Certificates of every kind that this toolkit issues: each CA key with each subject key, as a CA once and as a leaf three
 * times, with subjects, names, usages, validities, URLs and policies taken in turn; and a leaf below each of those CAs.
 */
export async function buildCorpus(): Promise<readonly Specimen[]> {
  const keys = Object.entries(keyAlgorithms).map(
    ([name, algorithm]) => [name, newPrivateKey(algorithm)] as const,
  );
  const issue = issuer();
  const specimens: Specimen[] = [];
  for (const authority of roots()) {
    const below: Authority[] = [];
    for (const [name, key] of keys) {
      for (const isCA of [false, true, false, false]) {
        const specimen = await issue(authority, [name, key], isCA);
        specimens.push(specimen);
        if (isCA) below.push(authorityBelow(authority, specimen, key));
      }
    }
    for (const [index, subordinate] of below.entries()) {
      const key = keys[(index + 1) % keys.length];
      if (key !== undefined) specimens.push(await issue(subordinate, key, false));
    }
  }
  return specimens;
}

/** A root of every kind of key, and RSA-3072 once more with PSS signatures. */
function* roots(): Generator<Authority> {
  for (const [name, keyAlgorithm] of Object.entries(keyAlgorithms)) {
    const { certificate, key } = newSelfSignedCa({
      commonName: `${name} root`,
      keyAlgorithm,
      notBefore: new Date("2020-01-01T00:00:00Z"),
      notAfter: new Date("2099-12-31T23:59:59Z"),
      pathLength: name === "P-384" ? 1 : undefined,
    });
    yield { name, certificate, key, signer: softwareCaSigner(key), above: [certificate] };
    if (name === "RSA-3072")
      yield {
        name: `${name} by PSS`,
        certificate,
        key,
        signer: softwareCaSigner(key, { pss: true }),
        above: [certificate],
      };
  }
}

function authorityBelow(authority: Authority, { certificate, choices }: Specimen, key: KeyObject): Authority {
  const name = `${choices.key} below ${authority.name}`;
  return { name, certificate, key, signer: softwareCaSigner(key), above: [authority.certificate] };
}

function issuer() {
  const next = {
    names: rounds(names),
    subject: rounds(subjects),
    usages: rounds(usages),
    caUsages: rounds(caUsages),
    end: rounds(ends),
    additions: rounds(additions),
  };
  return async (
    authority: Authority,
    [keyName, key]: readonly [string, KeyObject],
    isCA: boolean,
  ): Promise<Specimen> => {
    const [namesName, san] = next.names();
    let [subjectName, subject] = next.subject();
    // A CA has a subject, and a certificate without one has a SAN.
    while ((isCA || san.length === 0) && subjectName === "no subject")
      [subjectName, subject] = next.subject();
    const [usagesName, asked] = isCA ? next.caUsages() : next.usages();
    const [endName, notAfter] = next.end();
    const [additionsName, added] = next.additions();
    const choices = {
      ca: authority.name,
      key: keyName,
      names: namesName,
      subject: subjectName,
      usages: usagesName,
      end: endName,
      additions: additionsName,
    };
    const request = encodePem(
      "CERTIFICATE REQUEST",
      writeRequest({ key, subject, extensions: san.length === 0 ? [] : [sanExtension(...san)] }),
    );
    const certificate = await buildCertificate({
      csr: parseCsr(request),
      caCertificate: authority.certificate,
      signer: authority.signer,
      serial: deterministicSerial(JSON.stringify([choices, isCA])),
      notBefore: start,
      notAfter,
      isCA,
      usages: asked,
      ...added,
    });
    return {
      certificate,
      issuer: authority.certificate,
      choices,
      asked: { request, isCA, usages: asked, ca: caForOracle(authority), ...added },
      chain: {
        certificate: certificate.der,
        intermediates: [authority.certificate, ...authority.above].slice(0, -1).map(({ der }) => der),
        root: (authority.above.at(-1) ?? authority.certificate).der,
        purpose: purposeOf(asked),
        host: certificate.names.dns[0],
        at: new Date((certificate.notBefore.getTime() + certificate.notAfter.getTime()) / 2),
      },
    };
  };
}

function purposeOf(asked: readonly string[]): Purpose {
  return (["server auth", "client auth"] as const).find((usage) => asked.includes(usage)) ?? "any";
}

/** Goes round a record, so that every entry is used about equally often. */
function rounds<T>(values: Readonly<Record<string, T>>): () => readonly [name: string, value: T] {
  const entries = Object.entries(values);
  let at = 0;
  return () => {
    const entry = entries[at++ % entries.length];
    if (entry === undefined) throw new RangeError("nothing to go round");
    return entry;
  };
}

import {
  buildCsr,
  type Csr,
  encodePem,
  type KeyAlgorithm,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  type X509,
} from "@countersign/issuer-signer";
import { type Authority, type CaPair, type IssueOptions, issueBelow, subordinate } from "./authority.ts";
import { resigned, tlv } from "./resign.ts";

/** What an answer is made from. */
export interface BadCase {
  readonly authority: Authority;
  /** Another PKI's CA. */
  readonly foreign: Authority;
  readonly csr: Csr;
  /** The certificate that was issued for the CSR: below the intermediate, and good. */
  readonly leaf: X509;
  readonly now: Date;
}

/** What the PKI says instead of a good chain. */
export interface BadAnswer {
  readonly pem: string;
  readonly ca?: string | undefined;
}

/** Makes one bad answer. */
export type MakeBad = (given: BadCase) => string | BadAnswer | Promise<string | BadAnswer>;

const day = 24 * 3_600_000;
const minute = 60_000;
const later = (now: Date, ms: number) => new Date(now.getTime() + ms);
const bytes = (hex: string) => Buffer.from(hex, "hex");
const chainOf = ({ authority }: BadCase) => authority.intermediate.certificate.pem;

async function strangersCsr({ csr }: BadCase, algorithm: KeyAlgorithm): Promise<Csr> {
  const [dnsName = "stranger.example.com"] = csr.names.dns;
  return parseCsr(await buildCsr({ key: newPrivateKey(algorithm), dnsNames: [dnsName] }));
}

/** A leaf below the right CA, otherwise as asked. */
function leafOf(given: BadCase, options: Partial<IssueOptions>): Promise<X509> {
  const { authority, csr, now } = given;
  const validity = { notBefore: later(now, -minute), notAfter: later(now, 90 * day) };
  return issueBelow(authority.intermediate, { csr, serialSeed: `bad ${csr.pem}`, ...validity, ...options });
}

const dated = (fromMs: number, untilMs: number): MakeBad => {
  return async (given) => {
    const validity = { notBefore: later(given.now, fromMs), notAfter: later(given.now, untilMs) };
    return (await leafOf(given, validity)).pem + chainOf(given);
  };
};

const forAnotherKey = (algorithm: KeyAlgorithm): MakeBad => {
  return async (given) =>
    (await leafOf(given, { csr: await strangersCsr(given, algorithm) })).pem + chainOf(given);
};

/** The CSR's key certified as a CA; the CA itself where the CSR has no subject, which every CA needs. */
const asCa = (pathLength: number | undefined): MakeBad => {
  return async (given) => {
    const { csr, authority, now } = given;
    if (csr.subject === "") return chainOf(given);
    const validity = { notBefore: later(now, -minute), notAfter: later(now, 90 * day) };
    const usages = ["cert sign", "digital signature"];
    const profile = { isCA: true, pathLength, usages, serialSeed: `ca ${pathLength} ${csr.pem}` };
    return (await issueBelow(authority.root, { csr, ...validity, ...profile })).pem;
  };
};

/** Bytes of the leaf replaced, and signed by the CA as if all were well. */
const encoded = (replace: (given: BadCase) => readonly (readonly [Uint8Array, Uint8Array])[]): MakeBad => {
  return (given) => {
    const { key } = given.authority.intermediate;
    return resigned(given.leaf.der, { key, replace: replace(given), replaceOuter: [] }) + chainOf(given);
  };
};

/** A CA of the intermediate's name, otherwise as given. */
function otherIntermediate(
  { authority, now }: BadCase,
  options: Omit<Partial<Parameters<typeof subordinate>[1]>, "commonName" | "subjectDer"> = {},
): Promise<CaPair> {
  const { subjectDer } = authority.intermediate.certificate;
  const validity = { notBefore: later(now, -day), notAfter: later(now, 3650 * day) };
  return subordinate(authority.root, { subjectDer, ...validity, ...options });
}

const belowDated = (fromMs: number, untilMs: number): MakeBad => {
  return async (given) => {
    const validity = { notBefore: later(given.now, fromMs), notAfter: later(given.now, untilMs) };
    const ca = await otherIntermediate(given, validity);
    const own = { notBefore: later(given.now, -minute), notAfter: later(given.now, 30 * day) };
    const leaf = await issueBelow(ca, { csr: given.csr, serialSeed: given.csr.pem, ...own });
    return leaf.pem + ca.certificate.pem;
  };
};

const weakly = (hash: string, signatureOid: string): MakeBad => {
  return async ({ csr, now }) => {
    const validity = { notBefore: later(now, -day), notAfter: later(now, 90 * day) };
    const keyAlgorithm = { name: "RSA", modulusLength: 2048 } as const;
    const ca = newSelfSignedCa({ commonName: "Old Root", ...validity, keyAlgorithm });
    const leaf = await issueBelow(ca, { csr, serialSeed: csr.pem, ...validity });
    const replace = [[bytes("2a864886f70d01010b"), bytes(signatureOid)]] as const;
    return resigned(leaf.der, { key: ca.key, hash, replace }) + ca.certificate.pem;
  };
};

const text = (what: string): MakeBad => {
  return () => what;
};

const dateText = ({ leaf }: BadCase, date: "notBefore" | "notAfter") =>
  Buffer.from(`${leaf[date].toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`);

/**
 * Answers that must not reach a status, by what is wrong with them. Each is signed by whom it says, unless the signature is
 * what is wrong, so that nothing else gives it away.
 */
export const badCertificates: Readonly<Record<string, MakeBad>> = Object.freeze({
  "another P-256 key": forAnotherKey({ name: "EC", curve: "P-256" }),
  "an RSA key": forAnotherKey({ name: "RSA", modulusLength: 2048 }),
  "an Ed25519 key": forAnotherKey({ name: "Ed25519" }),
  "the key with one bit changed": encoded(({ csr }) => {
    const changed = Buffer.from(csr.spkiDer);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    return [[csr.spkiDer, changed]];
  }),
  "the CA's own certificate": chainOf,
  "the root alone": ({ authority }) => authority.root.certificate.pem,
  "CA certificates without a leaf": (given) => chainOf(given) + given.authority.root.certificate.pem,

  "expired yesterday": dated(-30 * day, -day),
  "expired a second ago": dated(-day, -1_000),
  "not valid before tomorrow": dated(day, 90 * day),
  "not valid for ten minutes yet": dated(10 * minute, 90 * day),
  "an end before the beginning": encoded((given) => {
    const [begin, end] = [dateText(given, "notBefore"), dateText(given, "notAfter")];
    const between = Buffer.from("000000000000Z");
    return [
      [begin, between],
      [end, begin],
      [between, end],
    ];
  }),
  "a month 13": encoded((given) => {
    const end = dateText(given, "notAfter");
    return [[end, Buffer.from(`${end.toString().slice(0, 2)}13${end.toString().slice(4)}`)]];
  }),

  "a CA certificate": asCa(undefined),
  "a CA certificate with path length 0": asCa(0),

  "another PKI's intermediate": ({ leaf, foreign }) => leaf.pem + foreign.intermediate.certificate.pem,
  "another PKI's root": ({ leaf, foreign }) => leaf.pem + foreign.root.certificate.pem,
  "the intermediate missing below the root": ({ leaf, authority }) =>
    leaf.pem + authority.root.certificate.pem,
  "two chains": (given) =>
    given.leaf.pem +
    chainOf(given) +
    given.foreign.intermediate.certificate.pem +
    given.foreign.root.certificate.pem,
  "two leaves": async (given) =>
    given.leaf.pem + (await leafOf(given, { serialSeed: "a second leaf" })).pem + chainOf(given),
  "an intermediate of the same name with another key": async (given) =>
    given.leaf.pem + (await otherIntermediate(given)).certificate.pem,
  "a signature of a stranger": (given) => {
    const { key } = newSelfSignedCa({
      commonName: "Stranger",
      notBefore: given.now,
      notAfter: later(given.now, day),
    });
    return resigned(given.leaf.der, { key }) + chainOf(given);
  },
  "a signature with one bit changed": (given) => {
    const der = Buffer.from(given.leaf.der);
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    return encodePem("CERTIFICATE", der) + chainOf(given);
  },
  "a name changed after signing": (given) => {
    const der = Buffer.from(given.leaf.der);
    der.set(Buffer.from("evil"), der.indexOf("example"));
    return encodePem("CERTIFICATE", der) + chainOf(given);
  },
  "an expired intermediate": belowDated(-60 * day, -day),
  "an intermediate that begins tomorrow": belowDated(day, 60 * day),
  // The toolkit would never issue below it, so the good leaf is signed by it anew, with its key identifier.
  "an intermediate that is no CA": async (given) => {
    const { certificate, key } = await otherIntermediate(given, {
      isCA: false,
      usages: ["digital signature"],
    });
    const [from, to] = [given.authority.intermediate.certificate, certificate].map(({ skiHex = "" }) =>
      bytes(skiHex),
    );
    const replace = from === undefined || to === undefined ? [] : [[from, to] as const];
    return resigned(given.leaf.der, { key, replace, replaceOuter: [] }) + certificate.pem;
  },
  "an intermediate that may not sign certificates": ({ leaf, authority: { root, intermediate } }) => {
    // Key usage: digital signature, cert sign and CRL sign, without the second.
    const replace = [[bytes("03020186"), bytes("03020182")]] as const;
    return leaf.pem + resigned(intermediate.certificate.der, { key: root.key, replace, replaceOuter: [] });
  },
  "a longer chain than the path length allows": async (given) => {
    const validity = { notBefore: later(given.now, -day), notAfter: later(given.now, 90 * day) };
    const middle = await subordinate(given.authority.root, {
      commonName: "Middle",
      ...validity,
      pathLength: 1,
    });
    const low = await subordinate(middle, { commonName: "Low", ...validity });
    const leaf = await issueBelow(low, { csr: given.csr, serialSeed: given.csr.pem, ...validity });
    // Basic constraints with path length 1, made 0.
    const replace = [[bytes("30060101ff020101"), bytes("30060101ff020100")]] as const;
    const { key } = given.authority.root;
    const shortened = resigned(middle.certificate.der, { key, replace, replaceOuter: [] });
    return leaf.pem + low.certificate.pem + shortened;
  },
  "an expired root": async ({ csr, now }) => {
    const validity = { notBefore: later(now, -day), notAfter: later(now, 90 * day) };
    const ended = { notBefore: later(now, -60 * day), notAfter: later(now, -day) };
    const root = newSelfSignedCa({ commonName: "Ended Root", ...ended });
    return (await issueBelow(root, { csr, serialSeed: csr.pem, ...validity })).pem + root.certificate.pem;
  },
  "a SHA-1 signature": weakly("sha1", "2a864886f70d010105"),
  "an MD5 signature": weakly("md5", "2a864886f70d010104"),

  "another CA beside the chain": (given) => ({
    pem: given.leaf.pem + chainOf(given),
    ca: given.foreign.root.certificate.pem,
  }),
  "a CA beside the chain that is no certificate": (given) => ({
    pem: given.leaf.pem + chainOf(given),
    ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  }),

  "version 1 with extensions": encoded(() => [[bytes("a003020102"), bytes("a003020100")]]),
  "serial number 0": encoded(({ leaf }) => [
    [Buffer.from(leaf.serialHex, "hex"), Buffer.alloc(leaf.serialHex.length / 2)],
  ]),
  "a negative serial number": encoded(({ leaf }) => {
    const serial = Buffer.from(leaf.serialHex, "hex");
    return [[serial, Buffer.from([(serial[0] ?? 0) | 0x80, ...serial.subarray(1)])]];
  }),
  "two algorithms that differ": (given) => {
    const replaceOuter = [[bytes("2a8648ce3d040302"), bytes("2a8648ce3d040303")]] as const;
    return resigned(given.leaf.der, { key: given.authority.intermediate.key, replaceOuter }) + chainOf(given);
  },
  // Basic constraints (2.5.29.19) renamed to the key usage (2.5.29.15) that is there already.
  "an extension twice": encoded(() => [[bytes("0603551d13"), bytes("0603551d0f")]]),
  "trailing bytes in the block": (given) =>
    encodePem("CERTIFICATE", Buffer.concat([given.leaf.der, Buffer.from([5, 0])])) + chainOf(given),
  "BER of indefinite length": (given) => {
    const content = Buffer.from(given.leaf.der).subarray(4);
    return encodePem("CERTIFICATE", Buffer.concat([bytes("3080"), content, bytes("0000")])) + chainOf(given);
  },
  "a certificate cut in half": (given) =>
    encodePem("CERTIFICATE", given.leaf.der.subarray(0, given.leaf.der.length >> 1)) + chainOf(given),
  "a PEM text cut in half": ({ leaf }) => leaf.pem.slice(0, leaf.pem.length >> 1),
  "a certificate inside a sequence": (given) =>
    encodePem("CERTIFICATE", tlv(0x30, given.leaf.der)) + chainOf(given),
  "the CSR itself": ({ csr }) => csr.pem,
  "the CSR under the label of a certificate": (given) => {
    return encodePem("CERTIFICATE", given.csr.der) + chainOf(given);
  },
  "a public key": ({ csr }) => encodePem("PUBLIC KEY", csr.spkiDer),
  "base64 that is none": text("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
  "an empty block": text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
  "DER without PEM": ({ leaf }) => Buffer.from(leaf.der).toString("latin1"),
  "base64 without PEM": ({ leaf }) => Buffer.from(leaf.der).toString("base64"),
  nothing: text(""),
  "white space": text(" \r\n\t "),
  "a page of HTML": text("<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"),
  "more certificates than anybody reads": (given) => given.leaf.pem + chainOf(given).repeat(1000),
});

import { describe, expect, it } from "vitest";
import { BadCertificateError } from "../errors.ts";
import { buildCertificate } from "./build-certificate.ts";
import { buildCsr } from "./build-csr.ts";
import { newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { parseCertificate, type X509 } from "./certificate.ts";
import { parseCsr } from "./certification-request.ts";
import { orderChain } from "./chain.ts";
import { cpuMilliseconds } from "./cpu-time-fixture.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import { deterministicSerial } from "./serial.ts";

const years = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
type Authority = { readonly certificate: X509; readonly key: ReturnType<typeof newPrivateKey> };

async function under(
  ca: Authority,
  commonName: string,
  isCA: boolean,
  key = newPrivateKey({ name: "EC", curve: "P-256" }),
): Promise<Authority> {
  const csr = parseCsr(await buildCsr({ key, commonName }));
  const serial = deterministicSerial(`${commonName}${ca.certificate.serialHex}`);
  const certificate = await buildCertificate({
    csr,
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial,
    isCA,
    ...years,
  });
  return { certificate, key };
}

const root: Authority = newSelfSignedCa({ commonName: "Root", ...years });
const middle = await under(root, "Middle", true);
const lower = await under(middle, "Lower", true);
const leaf = await under(lower, "leaf", false);
const [R, M, L, E] = [root.certificate, middle.certificate, lower.certificate, leaf.certificate];

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

const names = (certificates: readonly X509[]): string[] => certificates.map(({ subject }) => subject);

describe("orderChain", () => {
  it("orders every permutation leaf first and takes the root out", () => {
    for (const input of permutations([R, M, L, E])) {
      const ordered = orderChain(input);
      expect(names(ordered.chain)).toEqual(["CN=leaf", "CN=Lower", "CN=Middle"]);
      expect([ordered.ca, ordered.root]).toEqual([R, R]);
    }
  });

  it("answers PEM that reads as the same chain", () => {
    const ordered = orderChain(`subject=CN = leaf\n${E.pem}\n${L.pem}${R.pem}bag attributes\n${M.pem}`);
    expect(ordered.chainPem).toBe(E.pem + L.pem + M.pem);
    expect(ordered.caPem).toBe(R.pem);
  });

  it("keeps a top that is not self-signed, which is also the CA", () => {
    const ordered = orderChain([L, E, M]);
    expect(names(ordered.chain)).toEqual(["CN=leaf", "CN=Lower", "CN=Middle"]);
    expect(ordered.ca).toBe(M);
    expect(ordered.root).toBeUndefined();
  });

  it("has no CA for a lone leaf", () => {
    expect(orderChain([E])).toMatchObject({ chain: [E], ca: undefined, caPem: undefined, root: undefined });
  });

  it("answers a lone root as chain and CA", () => {
    expect(orderChain([R])).toMatchObject({ chain: [R], ca: R, root: R });
  });

  it("counts repeated certificates once", () => {
    expect(
      names(orderChain([E, R, E, L, M, R, M].map(({ pem }) => parseCertificate(pem))).chain),
    ).toHaveLength(3);
  });

  it.each([
    ["a gap", [R, L, E]],
    [
      "an unrelated certificate",
      [R, M, L, E, newSelfSignedCa({ commonName: "Other", ...years }).certificate],
    ],
    ["another CA of the same name", [E, newSelfSignedCa({ commonName: "Lower", ...years }).certificate]],
    ["nothing", []],
  ])("refuses %s", (_name, input) => {
    expect(() => orderChain(input)).toThrow(BadCertificateError);
  });

  it("refuses two leaves under one CA", async () => {
    const sibling = await under(lower, "sibling", false);
    expect(() => orderChain([R, M, L, E, sibling.certificate])).toThrow(BadCertificateError);
  });

  it("refuses two cross-signed twins of one CA, as cert-manager does", async () => {
    const otherRoot = newSelfSignedCa({ commonName: "Root 2", ...years });
    const twin = await under(otherRoot, "Middle", true, middle.key);
    expect(() => orderChain([E, L, M, twin.certificate, R, otherRoot.certificate])).toThrow(
      BadCertificateError,
    );
  });

  it("drops a root that its own successor of the same key cross-signed, as cert-manager does", async () => {
    const otherRoot = newSelfSignedCa({ commonName: "Root 2", ...years });
    const crossSigned = await under(otherRoot, "Root", true, root.key);
    const ordered = orderChain([R, crossSigned.certificate, M]);
    expect(ordered.chain).toEqual([M, crossSigned.certificate]);
    expect(ordered.ca).toBe(crossSigned.certificate);
  });

  it("does not join a certificate to a leaf that has its issuer's name and key but no CA flag", async () => {
    const notCa = await under(root, "Lower", false, lower.key);
    expect(() => orderChain([E, notCa.certificate])).toThrow(BadCertificateError);
  });

  it("holds the leaf to the key that was asked for", () => {
    expect(orderChain([R, M, L, E], { leafSpkiDer: E.spkiDer }).chain[0]).toBe(E);
    expect(() => orderChain([R, M, L], { leafSpkiDer: E.spkiDer })).toThrow(/not for the requested key/);
  });

  it("refuses text that holds a key or nothing", () => {
    const secret = leaf.key.export({ type: "pkcs8", format: "pem" }).toString();
    expect(() => orderChain(E.pem + secret)).toThrow(/a PEM block is a PRIVATE KEY/);
    expect(() => orderChain("hello")).toThrow(BadCertificateError);
    expect(() => orderChain(E.pem.repeat(1000))).toThrow(/at most 330000/);
  });

  it("takes a root that is self-signed with SHA-1 for a root", () => {
    using openssl = new OpensslFixture();
    openssl.run(
      "req",
      "-x509",
      "-sha1",
      "-newkey",
      "rsa:2048",
      "-noenc",
      "-keyout",
      "k.pem",
      "-subj",
      "/CN=Old",
      "-out",
      "old.pem",
      "-days",
      "9",
    );
    const old = parseCertificate(openssl.read("old.pem"));
    expect(old.isSelfSigned).toBe(true);
    expect(orderChain([old]).root).toBe(old);
  });

  it("gives up on many CAs of one name before it costs much", async () => {
    const twins = Array.from(
      { length: 999 },
      () => newSelfSignedCa({ commonName: "Lower", ...years }).certificate,
    );
    const order = () => expect(() => orderChain([...twins, E])).toThrow(BadCertificateError);
    expect(cpuMilliseconds(order)).toBeLessThan(400);
    expect(() => orderChain([...twins, E, L])).toThrow(/at most 1000/);
  });

  it("orders a chain of 200 from any order", async () => {
    const chain = [root];
    for (let i = 0; i < 199; i += 1) chain.push(await under(chain.at(-1) ?? root, `CA ${i}`, true));
    const shuffled = chain
      .map(({ certificate }) => certificate)
      .sort((a, b) => (a.sha256Hex < b.sha256Hex ? -1 : 1));
    expect(orderChain(shuffled).chain).toHaveLength(199);
    expect(names(orderChain(shuffled).chain).at(0)).toBe("CN=CA 198");
  });
});

import { CertificateCache, parseCertificate } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { certificatesOf } from "./certificates.ts";
import { signed } from "./connect-fixture.ts";
import { type FakeCa, fakeCa } from "./fake-ca-fixture.ts";
import { responseSpec } from "./spec.ts";

let ca: FakeCa;
let spkiDer: Uint8Array;
let leaf: string;
let intermediate: string;
let root: string;

beforeAll(async () => {
  ca = await fakeCa();
  const { parsedCsr } = await signRequestFor();
  ({ spkiDer } = parsedCsr);
  leaf = (await signed(ca, { json: { csr: Buffer.from(parsedCsr.der).toString("base64") } })).certificate;
  intermediate = ca.intermediate.pem;
  root = ca.root.pem;
});

const der = (pem: string) => Buffer.from(parseCertificate(pem).der).toString("base64");
const inLines = (text: string) => text.replace(/(.{64})/g, "$1\r\n");
const subjects = (json: unknown) =>
  certificatesOf(json, responseSpec.parse({}), { spkiDer, cache: new CertificateCache() }).map(
    ({ commonName }) => commonName ?? "leaf",
  );
const whole = ["leaf", "Fake", "Fake Root"];

describe("an answer's certificates", () => {
  test.each<[string, () => unknown]>([
    ["PEM with its chain", () => ({ certificate: leaf + intermediate + root })],
    ["PEM from the root down", () => ({ certificate: root + intermediate + leaf })],
    ["certificate and ca", () => ({ certificate: leaf + intermediate, ca: root })],
    [
      "certificate and a list of PEM, as a proxy of EJBCA has it",
      () => ({ certificate: leaf, ca: [intermediate, root] }),
    ],
    [
      "base64 of DER, as EJBCA itself has it",
      () => ({ certificate: der(leaf), ca: [der(root), der(intermediate)] }),
    ],
    [
      "base64 of DER in lines",
      () => ({ certificate: inLines(der(leaf)), chain: inLines(der(intermediate)), ca: root }),
    ],
    [
      "base64 of PEM, as a Secret has it",
      () => ({ certificate: btoa(leaf), chain: btoa(intermediate + root) }),
    ],
    ["three fields", () => ({ certificate: leaf, chain: intermediate, ca: root })],
    [
      "text around the PEM",
      () => ({ certificate: `subject=…\n${leaf}`, chain: [`x\n${intermediate}`], ca: root }),
    ],
    ["empty fields", () => ({ certificate: leaf + intermediate + root, chain: [], ca: null })],
    [
      "a certificate twice",
      () => ({ certificate: leaf + intermediate, chain: [leaf, intermediate, root, root] }),
    ],
  ])("%s", (_, json) => {
    expect(subjects(json())).toEqual(whole);
  });

  test("leaves out CAs that the leaf does not come from", async () => {
    const other = await fakeCa("Other");
    expect(
      subjects({ certificate: leaf, ca: [other.root.pem, intermediate, other.intermediate.pem, root] }),
    ).toEqual(whole);
  });

  test("is what the answer has, where there is no root", () => {
    expect(subjects({ certificate: leaf })).toEqual(["leaf"]);
    expect(subjects({ certificate: leaf, ca: intermediate })).toEqual(["leaf", "Fake"]);
  });

  test.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["no certificate", () => ({ ca: root })],
    ["an object", () => ({ certificate: { pem: leaf } })],
    ["a list of objects", () => ({ certificate: [{}] })],
    ["words", () => ({ certificate: "issued, see your mail" })],
    ["base64 of words", () => ({ certificate: btoa("issued") })],
    ["another's certificate", () => ({ certificate: root })],
    ["CAs of which none has issued it", () => ({ certificate: leaf, ca: root })],
    ["a broken CA", () => ({ certificate: leaf, ca: "-----BEGIN CERTIFICATE-----" })],
    ["a key of the prototype", () => ({ constructor: leaf })],
  ])("%s is refused", (_, json) => {
    expect(() => subjects(json())).toThrow(expect.objectContaining({ code: "BAD_CERTIFICATE" }));
  });

  test("a megabyte of white space is read in no time", () => {
    const started = performance.now();
    expect(() => subjects({ certificate: `${" ".repeat(1_000_000)}!` })).toThrow("neither PEM");
    expect(performance.now() - started).toBeLessThan(500);
  });
});

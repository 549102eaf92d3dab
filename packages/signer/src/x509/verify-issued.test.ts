import { describe, expect, it } from "vitest";
import { BadCertificateError } from "../errors.ts";
import { type BuildCertificateOptions, buildCertificate } from "./build-certificate.ts";
import { type BuildCsrOptions, buildCsr } from "./build-csr.ts";
import { newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { parseCertificate } from "./certificate.ts";
import { parseCsr } from "./certification-request.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import { deterministicSerial } from "./serial.ts";
import { type VerifyIssuedOptions, verifyIssued } from "./verify-issued.ts";

const now = new Date("2026-01-15T00:00:00Z");
const years = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
const month = { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2026-01-31T00:00:00Z") };
const durationSeconds = 30 * 86_400;
const root = newSelfSignedCa({ commonName: "Root", ...years });
const key = newPrivateKey({ name: "EC", curve: "P-256" });
const asked: BuildCsrOptions = {
  key,
  commonName: "host",
  dnsNames: ["a.example.com", "B.example.com"],
  ipAddresses: ["2001:db8::1"],
  uris: ["spiffe://td/x"],
  emails: ["a@b.c"],
};
const csr = parseCsr(await buildCsr(asked));

async function issue(more: Partial<BuildCertificateOptions> = {}) {
  const ca = { caCertificate: root.certificate, signer: softwareCaSigner(root.key) };
  return buildCertificate({ csr, ...ca, serial: deterministicSerial("x"), isCA: false, ...month, ...more });
}

function verify(more: Partial<VerifyIssuedOptions> & Pick<VerifyIssuedOptions, "chain">) {
  return verifyIssued({ csr, now, isCA: false, durationSeconds, ...more });
}

describe("verifyIssued", () => {
  it("lets a faithful answer through, without mismatches", async () => {
    const leaf = await issue();
    const verified = verify({ chain: root.certificate.pem + leaf.pem });
    expect(verified.leaf.der).toEqual(leaf.der);
    expect(verified.chain.chainPem).toBe(leaf.pem);
    expect(verified.caPem).toBe(root.certificate.pem);
    expect(verified.mismatches).toEqual([]);
  });

  it("takes up to 30 seconds of another duration for the same", async () => {
    const leaf = await issue();
    const fields = (seconds: number) =>
      verify({ chain: leaf.pem, durationSeconds: seconds }).mismatches.map(({ field }) => field);
    expect([fields(durationSeconds - 30), fields(durationSeconds + 30)]).toEqual([[], []]);
    expect(fields(durationSeconds + 31)).toEqual(["duration"]);
    expect(verify({ chain: leaf.pem, durationSeconds: 60 }).mismatches).toEqual([
      { field: "duration", requested: "60s", issued: "2592000s", excess: "" },
    ]);
  });

  it("names what the PKI issued otherwise, and what of it nobody asked for", async () => {
    const other = parseCsr(
      await buildCsr({
        key,
        commonName: "other",
        dnsNames: ["a.example.com", "extra.example.com"],
        ipAddresses: ["10.0.0.1"],
      }),
    );
    const leaf = await issue({ csr: other, usages: ["digital signature", "client auth"] });
    const { mismatches } = verify({
      chain: leaf.pem,
      usages: ["digital signature", "key encipherment", "server auth"],
      isCA: true,
      excess: "warn",
    });
    expect(mismatches).toEqual([
      { field: "subject", requested: "CN=host", issued: "CN=other", excess: "CN=other" },
      {
        field: "dnsNames",
        requested: "a.example.com, b.example.com",
        issued: "a.example.com, extra.example.com",
        excess: "extra.example.com",
      },
      { field: "ipAddresses", requested: "2001:db8::1", issued: "10.0.0.1", excess: "10.0.0.1" },
      { field: "uris", requested: "spiffe://td/x", issued: "", excess: "" },
      { field: "emailAddresses", requested: "a@b.c", issued: "", excess: "" },
      {
        field: "keyUsage",
        requested: "digital signature, key encipherment, cert sign",
        issued: "digital signature",
        excess: "",
      },
      { field: "extendedKeyUsage", requested: "server auth", issued: "client auth", excess: "" },
      { field: "isCA", requested: "true", issued: "false", excess: "" },
    ]);
  });

  describe("of what nobody asked for", () => {
    const withNames = async (more: Partial<BuildCsrOptions>) =>
      issue({ csr: parseCsr(await buildCsr({ ...asked, ...more })) });
    const withUsages = (...usages: string[]) => issue({ usages: ["digital signature", ...usages] });

    it.each<[string, () => ReturnType<typeof issue>, RegExp]>([
      [
        "a DNS name",
        () => withNames({ dnsNames: ["a.example.com", "b.example.com", "c.example.com"] }),
        /dnsNames that nobody asked for: c\.example\.com/,
      ],
      [
        "an IP address",
        () => withNames({ ipAddresses: ["2001:db8::1", "10.0.0.1"] }),
        /ipAddresses .*10\.0\.0\.1/,
      ],
      [
        "a URI",
        () => withNames({ uris: ["spiffe://td/x", "spiffe://td/admin"] }),
        /uris .*spiffe:\/\/td\/admin/,
      ],
      ["an email address", () => withNames({ emails: ["a@b.c", "root@b.c"] }), /emailAddresses .*root@b\.c/],
      ["a common name", () => withNames({ commonName: "admin" }), /subject .*CN=admin/],
      ["the right to sign certificates", () => withUsages("cert sign"), /keyUsage .*cert sign/],
      ["the right to sign CRLs", () => withUsages("crl sign"), /keyUsage .*crl sign/],
      ["the right to sign OCSP answers", () => withUsages("ocsp signing"), /extendedKeyUsage .*ocsp signing/],
    ])("%s is refused, or reported where the operator lets it", async (_, make, message) => {
      const leaf = await make();
      const usages = ["digital signature"];
      refused({ chain: leaf.pem, usages }, message);
      const { mismatches } = verify({ chain: leaf.pem, usages, excess: "warn" });
      expect(mismatches.filter(({ excess }) => excess !== "")).toHaveLength(1);
    });

    it.each<[string, () => ReturnType<typeof issue>, string]>([
      [
        "the common name as a DNS name",
        () => withNames({ dnsNames: ["a.example.com", "b.example.com", "HOST"] }),
        "dnsNames",
      ],
      ["a DNS name as the common name", () => withNames({ commonName: "A.example.com" }), "subject"],
      ["another organization", () => withNames({ subject: [{ type: "O", value: "Acme" }] }), "subject"],
      ["no common name", () => withNames({ commonName: undefined }), "subject"],
      ["further usages", () => withUsages("client auth", "data encipherment"), "keyUsage"],
      ["fewer names", () => withNames({ dnsNames: ["a.example.com"] }), "dnsNames"],
    ])("%s is reported, not refused", async (_, make, field) => {
      const { mismatches } = verify({ chain: (await make()).pem, usages: ["digital signature"] });
      expect(mismatches[0]).toMatchObject({ field, excess: "" });
    });

    it("a CA certificate is refused whatever the operator lets pass", async () => {
      const leaf = await issue({ isCA: true, usages: ["cert sign"] });
      for (const excess of ["refuse", "warn"] as const)
        refused({ chain: leaf.pem, excess }, /it is a CA certificate, but none was requested/);
      const { mismatches } = verify({ chain: leaf.pem, isCA: true, usages: ["cert sign"] });
      expect(mismatches).toEqual([]);
    });

    it("a CA certificate that was asked for may sign CRLs too", async () => {
      const leaf = await issue({ isCA: true, usages: ["cert sign", "crl sign"] });
      const { mismatches } = verify({ chain: leaf.pem, isCA: true, usages: ["cert sign"] });
      expect(mismatches).toMatchObject([{ field: "keyUsage", excess: "" }]);
    });
  });

  it("refuses a leaf that is older than what is issued for the request can be", async () => {
    const leaf = await issue();
    expect(verify({ chain: leaf.pem, earliest: month.notBefore }).mismatches).toEqual([]);
    refused(
      { chain: leaf.pem, earliest: new Date(month.notBefore.getTime() + 1) },
      /cannot be older than 2026-01-01T00:00:00\.001Z/,
    );
  });

  it("does not mind the case and the order of DNS names", async () => {
    const shuffled = parseCsr(await buildCsr({ ...asked, dnsNames: ["b.EXAMPLE.com", "A.example.com"] }));
    expect(verify({ chain: (await issue({ csr: shuffled })).pem }).mismatches).toEqual([]);
  });

  it("refuses a certificate for another key", async () => {
    const other = parseCsr(await buildCsr({ ...asked, key: newPrivateKey({ name: "EC", curve: "P-256" }) }));
    refused({ chain: (await issue({ csr: other })).pem }, /not for the requested key/);
  });

  it("refuses what has expired, is not yet valid by more than the clocks may differ, or ends before it begins", async () => {
    const leaf = await issue();
    refused({ chain: leaf.pem, now: month.notAfter }, /expired 2026-01-31/);
    refused({ chain: leaf.pem, now: new Date("2025-12-31T23:54:59Z") }, /not valid before/);
    expect(verify({ chain: leaf.pem, now: new Date("2025-12-31T23:55:00Z") }).mismatches).toEqual([]);
  });

  it("names a certificate without a subject by its first name", async () => {
    for (const [options, name] of [
      [{ dnsNames: ["a.example.com", "b.example.com"] }, /the certificate of a\.example\.com expired/],
      [{ uris: ["spiffe://td/x"] }, /the certificate of spiffe:\/\/td\/x expired/],
    ] as const) {
      const named = parseCsr(await buildCsr({ key, ...options }));
      refused({ csr: named, chain: (await issue({ csr: named })).pem, now: month.notAfter }, name);
    }
  });

  it("refuses a chain with an expired CA", async () => {
    const old = newSelfSignedCa({ commonName: "Old", ...years, notAfter: new Date("2026-01-10T00:00:00Z") });
    const leaf = await issue({
      caCertificate: old.certificate,
      signer: softwareCaSigner(old.key),
      beyondCa: "allow",
    });
    refused({ chain: leaf.pem + old.certificate.pem }, /certificate of CN=Old expired/);
    refused({ chain: leaf.pem, ca: old.certificate.pem }, /certificate of CN=Old expired/);
  });

  it("refuses a broken chain, no chain and other text", async () => {
    const leaf = await issue();
    const other = newSelfSignedCa({ commonName: "Root", ...years });
    refused({ chain: leaf.pem + other.certificate.pem }, /one chain/);
    refused({ chain: "" }, /no PEM certificate/);
    refused({ chain: "<html>502 Bad Gateway</html>" }, /no PEM certificate/);
  });

  it("publishes the CA that the PKI named, if it belongs to the chain", async () => {
    const leaf = await issue();
    const other = newSelfSignedCa({ commonName: "Other", ...years }).certificate.pem;
    expect(verify({ chain: leaf.pem, ca: other + root.certificate.pem }).caPem).toBe(
      other + root.certificate.pem,
    );
    refused({ chain: leaf.pem, ca: other }, /did not issue it/);
    refused({ chain: leaf.pem, ca: "no pem" }, /no PEM certificate/);
  });

  it("refuses a chain that is longer than a CA in it allows", async () => {
    const limited = newSelfSignedCa({ commonName: "Limited", pathLength: 0, ...years });
    using openssl = new OpensslFixture();
    const subKey = newPrivateKey({ name: "EC", curve: "P-256" });
    openssl.write("ca.pem", limited.certificate.pem);
    openssl.write("ca.key", limited.key.export({ type: "pkcs8", format: "pem" }));
    openssl.write("sub.csr", await buildCsr({ key: subKey, commonName: "Sub" }));
    openssl.write("ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n");
    openssl.run(
      "x509",
      "-req",
      "-in",
      "sub.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-days",
      "9000",
      "-extfile",
      "ext",
      "-out",
      "sub.pem",
    );
    const sub = parseCertificate(openssl.read("sub.pem"));
    const leaf = await issue({
      caCertificate: sub,
      signer: softwareCaSigner(subKey),
      notAfter: years.notAfter,
    });
    const chain = leaf.pem + sub.pem + limited.certificate.pem;
    refused({ chain, now: new Date() }, /longer than CN=Limited allows/);
  });

  it("refuses a leaf that is signed with SHA-1", async () => {
    using openssl = new OpensslFixture();
    openssl.write("ca.pem", root.certificate.pem);
    openssl.write("ca.key", root.key.export({ type: "pkcs8", format: "pem" }));
    openssl.write("req.pem", csr.pem);
    openssl.run(
      "x509",
      "-req",
      "-sha1",
      "-in",
      "req.pem",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-days",
      "9000",
      "-out",
      "leaf.pem",
    );
    refused({ chain: openssl.read("leaf.pem"), now: new Date() }, /SHA-1/);
  });

  it("refuses what cert-manager would not read for its size", async () => {
    const many = Array.from({ length: 300 }, (_, i) => `${"a".repeat(60)}.${"b".repeat(20)}${i}.example.com`);
    const big = parseCsr(await buildCsr({ key, commonName: "host", dnsNames: many.slice(0, 260) }));
    const url = `http://example.com/${"x".repeat(3000)}`;
    const leaf = await issue({ csr: big, crlDistributionPoints: [url] });
    expect(leaf.pem.length).toBeGreaterThan(36_500);
    refused({ chain: [leaf] }, /at most 36500/);
  });
});

function refused(
  more: Partial<VerifyIssuedOptions> & Pick<VerifyIssuedOptions, "chain">,
  message: RegExp,
): void {
  expect(() => verify(more)).toThrow(BadCertificateError);
  expect(() => verify(more)).toThrow(message);
}

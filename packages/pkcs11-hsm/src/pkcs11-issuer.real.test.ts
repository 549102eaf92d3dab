import { selfSignCa, type X509 } from "@countersign/issuer-signer";
import { signRequestFor, testSigner } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createP11Fault } from "../../../test/rigs/p11-fault.ts";
import { describeWithPkcs11 } from "../../../test/rigs/pkcs11-tools.ts";
import { describeWithRigs, X509_ORACLE } from "../../../test/rigs/rigs.ts";
import { createSoftHsm, type SoftHsm, softHsmPin } from "../../../test/rigs/softhsm.ts";
import { startOracle, type X509Oracle } from "../../../test/rigs/x509-oracle.ts";
import { HsmKey } from "./hsm-key.ts";
import { pkcs11Issuer } from "./pkcs11-issuer.ts";

const keyTypes = [
  { label: "rsa-2048", type: "rsa:2048", id: "01" },
  { label: "rsa-3072", type: "rsa:3072", id: "02" },
  { label: "rsa-4096", type: "rsa:4096", id: "03" },
  { label: "p256", type: "EC:secp256r1", id: "04" },
  { label: "p384", type: "EC:secp384r1", id: "05" },
  { label: "p521", type: "EC:secp521r1", id: "06" },
  { label: "ed25519", type: "EC:edwards25519", id: "07" },
] as const;

const cas = [
  ...keyTypes.map(({ label }) => ({ label, rsaPss: false })),
  { label: "rsa-2048", rsaPss: true },
  { label: "rsa-3072", rsaPss: true },
  { label: "rsa-4096", rsaPss: true },
];

const day = 86_400_000;
const urls = {
  crlDistributionPoints: ["http://crl.example.com/ca.crl"],
  ocspServers: ["http://ocsp.example.com"],
  issuingCertificateURLs: ["http://ca.example.com/ca.crt"],
};

describeWithPkcs11("an issuer with its key in SoftHSM", () => {
  let hsm: SoftHsm;
  const certificates = new Map<string, X509>();

  beforeAll(async () => {
    hsm = await createSoftHsm();
    await hsm.addToken("ca1", keyTypes);
    for (const { label, rsaPss } of cas) {
      const key = new HsmKey({
        tokens: [
          {
            modulePath: hsm.modulePath,
            token: { label: "ca1" },
            pin: softHsmPin,
            env: { ...process.env, ...hsm.env },
          },
        ],
        key: { label },
        pss: rsaPss,
      });
      const certificate = await selfSignCa({
        signer: await key.signer(),
        subject: [
          { type: "C", value: "DE" },
          { type: "O", value: "Example" },
          { type: "CN", value: `HSM CA ${label}` },
        ],
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 3650 * day),
        pathLength: 1,
      });
      certificates.set(`${label} ${rsaPss}`, certificate);
      await key.close();
    }
  });
  afterAll(() => hsm?.[Symbol.asyncDispose]());

  const ca = (label: string, rsaPss = false): X509 => {
    const certificate = certificates.get(`${label} ${rsaPss}`);
    if (certificate === undefined) throw new Error(`no CA ${label}`);
    return certificate;
  };
  const issuer = (rig: Pick<SoftHsm, "modulePath" | "env"> = hsm) =>
    pkcs11Issuer({
      modules: [{ path: rig.modulePath, env: { ...process.env, ...rig.env } }],
      patienceMs: 500,
    });
  const specFor = (label: string, rsaPss = false, more: object = {}) => ({
    tokens: [{ label: "ca1" }],
    certificate: { inline: ca(label, rsaPss).pem },
    rsaPss,
    profile: urls,
    ...more,
  });

  test.each(cas)(
    "$label (RSA-PSS: $rsaPss) is found by its certificate alone, and signs",
    async ({ label, rsaPss }) => {
      const { leaf, chain, caPem, mismatches } = await testSigner(issuer(), {
        spec: specFor(label, rsaPss),
        secrets: { pin0: `${softHsmPin}\n` },
        request: { dnsNames: ["a.example.com"], durationSeconds: 3_600 },
      });
      expect(mismatches).toEqual([]);
      expect(leaf.isIssuedBy(ca(label, rsaPss))).toBe(true);
      expect(chain).toEqual([leaf]);
      expect(caPem).toBe(ca(label, rsaPss).pem);
    },
  );

  test("a URI finds token and key", async () => {
    const spec = specFor("p256", false, { tokens: [{ uri: "pkcs11:token=ca1;object=p256;id=%04" }] });
    await testSigner(issuer(), { spec, secrets: { pin0: softHsmPin } });
    const wrong = specFor("p256", false, { tokens: [{ uri: "pkcs11:token=ca1;object=p384" }] });
    await expect(testSigner(issuer(), { spec: wrong, secrets: { pin0: softHsmPin } })).rejects.toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining(
        'none of the token\'s 1 private keys labelled "p384" is the key of the CA certificate',
      ),
    });
  });

  test("issues CA certificates below it, and none below those", async () => {
    const request = await signRequestFor({
      isCA: true,
      commonName: "Sub CA",
      dnsNames: [],
      usages: ["cert sign"],
    });
    const { leaf } = await testSigner(issuer(), {
      spec: specFor("p384"),
      secrets: { pin0: softHsmPin },
      request,
    });
    expect([leaf.isCA, leaf.pathLength]).toEqual([true, 0]);
  });

  test("one wrong PIN in the Secret of two issuers is one C_Login; a change of the first is another", async () => {
    await using fault = await createP11Fault(hsm.modulePath, hsm.env);
    const fragment = issuer(fault);
    const spec = fragment.spec.parse(specFor("p256"));
    const connect = (uid: string) =>
      fragment.connect({
        spec,
        secrets: { pin0: "wrong-pin" },
        configMaps: { certificate: undefined },
        issuer: { group: "g", kind: "HSMIssuer", name: uid, namespace: "", uid },
      } as unknown as Parameters<typeof fragment.connect>[0]);
    const signal = AbortSignal.timeout(30_000);
    const [one, two] = [await connect("one"), await connect("two")];
    for (const signer of [one, two, one, two])
      await expect(signer.check({ signal })).rejects.toMatchObject({
        code: "ISSUER",
        message: expect.stringContaining("refused the PIN"),
      });
    expect(await fault.count("C_Login")).toBe(1);
    const again = await connect("one");
    await expect(again.check({ signal })).rejects.toMatchObject({ code: "ISSUER" });
    expect(await fault.count("C_Login")).toBe(2);
    await Promise.all([one, two, again].map((signer) => signer.close?.()));
  });

  describeWithRigs(X509_ORACLE, "other people's verdict", () => {
    let oracle: X509Oracle;
    beforeAll(async () => {
      oracle = await startOracle();
    });
    afterAll(() => oracle?.[Symbol.asyncDispose]());

    const requests = [
      { dnsNames: ["a.example.com", "*.b.example.com"], commonName: "a.example.com" },
      { dnsNames: ["a.example.com"], ipAddresses: ["192.0.2.1", "2001:db8::1"], emails: ["ops@example.com"] },
      { dnsNames: [], commonName: "client", usages: ["client auth", "digital signature"] },
    ];
    // What pkilint gets wrong: a wildcard is no domain name for it, and it cannot verify RSA-PSS.
    const expectedFor = (dnsNames: readonly string[], rsaPss: boolean) => [
      ...(dnsNames.some((name) => name.startsWith("*")) ? ["pkilint pkix.invalid_domain_name_syntax"] : []),
      ...(rsaPss ? ["pkilint pkix.signature_verification_failed"] : []),
    ];

    describe.each(cas)("$label (RSA-PSS: $rsaPss)", ({ label, rsaPss }) => {
      test("zlint, pkilint, Go and OpenSSL find nothing wrong", async () => {
        for (const asked of requests) {
          const usages = asked.usages ?? ["digital signature", "server auth"];
          const { leaf } = await testSigner(issuer(), {
            spec: specFor(label, rsaPss, { profile: { ...urls, policyOIDs: ["1.3.6.1.4.1.99999.1"] } }),
            secrets: { pin0: softHsmPin },
            request: { ...asked, usages, durationSeconds: 30 * 86_400 },
          });
          const findings = await oracle.lint(leaf.der, ca(label, rsaPss).der);
          const severe = findings
            .filter(({ severity }) => severity === "error" || severity === "fatal")
            .map(({ linter, code }) => `${linter} ${code}`);
          expect(severe).toEqual(expectedFor(asked.dnsNames, rsaPss));
          const verdicts = await oracle.verify({
            certificate: leaf.der,
            root: ca(label, rsaPss).der,
            purpose: usages.includes("client auth") ? "client auth" : "server auth",
            at: new Date(),
          });
          expect(verdicts.map(({ verifier, valid, message }) => ({ verifier, valid, message }))).toEqual([
            { verifier: "go", valid: true, message: "" },
            { verifier: "openssl", valid: true, message: "" },
          ]);
        }
      });
    });
  });
});

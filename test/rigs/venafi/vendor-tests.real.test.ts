import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWithRigs } from "../rigs.ts";
import { startTpp, type TppPolicy } from "./start-tpp.ts";
import { type CloudTemplate, startVenafiCloud } from "./start-venafi-cloud.ts";
import { allPass, runVendorTests } from "./vendor-tests.ts";

// The zones are as those tests expect the vendor's own to be.
const place = {
  organization: { value: "Venafi Inc." },
  city: { value: "Salt Lake" },
  state: { value: "Utah" },
  country: { value: "US" },
};
const locked = { locked: true };
const certificateAuthority = { value: "\\VED\\Policy\\CA" };
const zones: Readonly<Record<string, TppPolicy>> = {
  Open: {
    certificateAuthority,
    ...place,
    organizationalUnits: { value: ["Integrations"] },
    keyReuse: true,
    customFields: [{ label: "custom" }],
  },
  Restricted: {
    certificateAuthority,
    organization: { ...place.organization, ...locked },
    organizationalUnits: { value: ["Integration"], ...locked },
    city: { ...place.city, ...locked },
    state: { ...place.state, ...locked },
    country: { ...place.country, ...locked },
    keyAlgorithm: { value: "RSA", ...locked },
    keySize: { value: 2048, ...locked },
    domains: ["vfidev.com", "vfidev.net", "vfide.org"],
    keyReuse: true,
  },
  Ecdsa: {
    certificateAuthority,
    keyAlgorithm: { value: "ECC", ...locked },
    ellipticCurve: { value: "P521", ...locked },
    keyReuse: true,
  },
};
const scope = "certificate:manage,revoke,discover;configuration:manage;ssh:manage";
const tppEnvironment = (url: string) => ({
  TPP_URL: url,
  TPP_USER: "local:issuer",
  TPP_PASSWORD: "issuer-password",
  CLIENT_ID: "vcert-sdk",
  TPP_ZONE: "Open",
  TPP_ZONE_RESTRICTED: "Restricted",
  TPP_ZONE_ECDSA: "Ecdsa",
  DUMMY_PASS: "a-password-for-keys",
});

describeWithRigs(["venafi-vcert-tpp-tests"], "the tests that the vendor runs against TPP", () => {
  const rig = "venafi-vcert-tpp-tests";
  const names = [
    "TestAuthenticateAuthError",
    "TestAuthenticationAccessToken",
    "TestBadAuthorizeToTPP",
    "TestBadReadConfigData",
    "TestFailRefreshAccessToken",
    "TestGetCertificateMetaData",
    "TestGetRefreshToken",
    "TestGetRefreshTokenWithDefaultScope",
    "TestOmitSans",
    "TestPingTPP",
    "TestReEnrollRevokedAndDisabledCertificate",
    "TestReadConfigData",
    "TestReadPolicyConfiguration",
    "TestRefreshAccessToken",
    "TestRefreshAccessTokenNoClientID",
    "TestRenewCertRestoringValues",
    "TestRenewCertificate",
    "TestRequestCertificateServiceGenerated",
    "TestRequestCertificateToken",
    "TestRequestCertificateWithValidityDuration",
    "TestRequestCertificateWithValidityHours",
    "TestRetireCertificate",
    "TestRetireCertificateTwice",
    "TestRetireNonIssuedCertificate",
    "TestRetireWithThumbprintCertificate",
    "TestRetrieveSelfIdentity",
    "TestRetrieveSystemVersion",
    "TestRevokeAndDisableCertificate",
    "TestRevokeCertificate",
    "TestRevokeNonIssuedCertificate",
    "TestWriteLog",
    "Test_EnrollDoesntChange",
  ];

  test(`pass against the simulator, ${names.length} of them`, async () => {
    await using tpp = await startTpp({ zones, clients: [{ id: "vcert-sdk", scope }] });
    const { verdicts, output } = await runVendorTests({ rig, names, env: tppEnvironment(tpp.url) });
    expect(verdicts, output).toEqual(allPass(names));
    expect(tpp.ledger.of("certificate").length).toBeGreaterThan(10);
  });

  test("and so does the one that wants a certificate to take its time", async () => {
    await using tpp = await startTpp({ zones, clients: [{ id: "vcert-sdk", scope }] });
    tpp.control.pendingFor(1);
    const slow = ["TestRetrieveNonIssuedCertificate"];
    const { verdicts, output } = await runVendorTests({ rig, names: slow, env: tppEnvironment(tpp.url) });
    expect(verdicts, output).toEqual(allPass(slow));
  });
});

const strict: CloudTemplate = {
  subjectCNRegexes: [".*\\.vfidev\\.com"],
  subjectORegexes: ["Venafi Inc."],
  subjectOURegexes: ["Integrations", "Integration"],
  subjectSTRegexes: ["Utah"],
  subjectLRegexes: ["Salt Lake"],
  subjectCValues: ["US"],
  sanRegexes: [".*\\.vfidev\\.com"],
  keyTypes: [{ keyType: "RSA", keyLengths: [2048, 4096] }],
  keyReuse: false,
};
const applications: Readonly<Record<string, Readonly<Record<string, CloudTemplate>>>> = {
  Suite: {
    Open: { keyTypes: [{ keyType: "RSA", keyLengths: [2048, 4096] }], validityDays: 365 },
    Restricted: {
      ...strict,
      recommended: {
        subjectOValue: "Venafi Inc.",
        subjectOUValue: "Integrations",
        subjectLValue: "Salt Lake",
        subjectSTValue: "Utah",
        subjectCValue: "US",
        key: { type: "RSA", length: 4096 },
      },
    },
    Ec: { ...strict, keyTypes: [{ keyType: "EC", keyCurves: ["P256", "P384", "P521", "ED25519"] }] },
  },
};

describeWithRigs(["venafi-vcert-cloud-tests"], "the tests that the vendor runs against the SaaS", () => {
  const names = [
    "TestAuthenticate",
    "TestCertificateSanTypes",
    "TestGetCertificateStatus",
    "TestGetCloudRequest",
    "TestGetCsrAttributes",
    "TestGetDefaultCsrAttributes",
    "TestReadPolicyConfiguration",
    "TestReadPolicyConfigurationOnlyEC",
    "TestReadZoneConfiguration",
    "TestRenewCertificate",
    "TestRequestCertificate",
    "TestRequestCertificateED25519WithPolicyValidation",
    "TestRequestCertificateED25519WithValidation",
    "TestRequestCertificateWithUsageMetadata",
    "TestRequestCertificateWithValidityDuration",
    "TestRequestCertificateWithValidityHours",
    "TestRetireCertificate",
    "TestRetireCertificateTwice",
    "TestRetireCertificateWithPickUpID",
    "TestRetrieveCertificate",
    "TestRetrieveCertificateRootFirst",
    "TestSearchCertificate",
  ];

  test(`pass against the simulator, ${names.length} of them`, async (context) => {
    const directory = await mkdtemp(join(tmpdir(), "countersign-vendor-tests-"));
    context.onTestFinished(() => rm(directory, { recursive: true }));
    await using cloud = await startVenafiCloud({ applications });
    await writeFile(join(directory, "trust.pem"), cloud.caPem);
    const { verdicts, output } = await runVendorTests({
      rig: "venafi-vcert-cloud-tests",
      names,
      env: {
        CLOUD_URL: cloud.url,
        CLOUD_APIKEY: cloud.credentials.apiKey,
        CLOUD_ZONE: "Suite\\Open",
        CLOUD_ZONE_RESTRICTED: "Suite\\Restricted",
        VAAS_ZONE_EC: "Suite\\Ec",
        SSL_CERT_FILE: join(directory, "trust.pem"),
      },
    });
    expect(verdicts, output).toEqual(allPass(names));
    expect(cloud.ledger.of("certificate").length).toBeGreaterThan(5);
  });
});

import { newPrivateKey, parseCertificates, parseCsr, verifyIssued } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newCsr } from "../csr-fixture.ts";
import { certificatesOf, openDn, startTppFixture, type TppFixture } from "./fixture.ts";

let tpp: TppFixture;
beforeAll(async () => {
  tpp = await startTppFixture();
});
afterAll(() => tpp[Symbol.asyncDispose]());

test("a CSR is taken, its certificate handed out leaf first with its chain, base64 of PEM with CRLF", async () => {
  const PKCS10 = await newCsr();
  const taken = await tpp.request({ PKCS10, ObjectName: "plain" });
  expect([taken.status, taken.json]).toEqual([
    200,
    { CertificateDN: openDn("plain"), Guid: expect.stringMatching(/^\{[0-9a-f-]{36}\}$/) },
  ]);
  const answer = await tpp.retrieve(openDn("plain"));
  expect(answer.json).toMatchObject({ Filename: "web.example.com.cer", Format: "Base64" });
  const pem = Buffer.from(answer.json.CertificateData, "base64").toString();
  expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\r\n/);
  const { mismatches } = verifyIssued({
    csr: parseCsr(PKCS10),
    chain: pem,
    ca: tpp.tpp.rootPem,
    now: new Date(),
    isCA: false,
    durationSeconds: 365 * 86_400,
  });
  // Usages and dates are the CA template's.
  expect(mismatches.map(({ field }) => field)).toEqual(["extendedKeyUsage", "duration"]);
  expect(certificatesOf(answer).map(({ isSelfSigned }) => isSelfSigned)).toEqual([false, false, true]);
  const [entry] = tpp.tpp.ledger.of("certificate").filter(({ dn }) => dn === openDn("plain"));
  expect(entry?.serial).toBe(certificatesOf(answer)[0]?.serialHex);
});

test("chain, order and truth values are as asked for, also as text; formats in any case", async () => {
  await tpp.request({ PKCS10: await newCsr(), ObjectName: "order" });
  const dn = openDn("order");
  const root = await tpp.retrieve(dn, { RootFirstOrder: "true", IncludeChain: "true", Format: "base64" });
  expect(certificatesOf(root).map(({ isSelfSigned }) => isSelfSigned)).toEqual([true, false, false]);
  expect(certificatesOf(await tpp.retrieve(dn, { IncludeChain: false }))).toHaveLength(1);
  expect((await tpp.retrieve(dn, { Format: "JKS" })).status).toBe(400);
  expect((await tpp.retrieve(openDn("nothing"))).json.Error).toBe(
    "Certificate \\VED\\Policy\\Open\\nothing does not exist.",
  );
});

test("paths, zones and names are found in any case; the common name is the object's unless it is given", async () => {
  const taken = await tpp.sdk("CERTIFICATES/Request", {
    PolicyDN: "\\ved\\policy\\OPEN",
    PKCS10: await newCsr(),
  });
  expect(taken.json.CertificateDN).toBe(openDn("web.example.com"));
  expect((await tpp.retrieve(openDn("WEB.example.com"))).status).toBe(200);
  const nameless = await newCsr({ commonName: undefined });
  expect((await tpp.request({ PKCS10: nameless })).json.Error).toMatch(/^ObjectName error/);
  expect((await tpp.request({ PKCS10: nameless, ObjectName: "nameless" })).status).toBe(200);
});

describe("the policy", () => {
  const request = (zone: string, more: object) =>
    tpp.sdk("certificates/request", { PolicyDN: `\\VED\\Policy\\Certificates\\${zone}`, ...more });

  test("is read, and is a 400 where the zone is not", async () => {
    const check = (PolicyDN: string) => tpp.sdk("certificates/checkpolicy", { PolicyDN });
    const { json } = await check("\\VED\\Policy\\Certificates\\Strict");
    expect(json.Policy).toMatchObject({
      Subject: { Organization: { Locked: true, Value: "Example Corp" } },
      KeyPair: { KeyAlgorithm: { Locked: true, Value: "RSA" } },
      SubjAltNameDnsAllowed: true,
      SubjAltNameIpAllowed: false,
      WhitelistedDomains: ["example.com", ".internal.example"],
      WildcardsAllowed: false,
    });
    const missing = await check("\\VED\\Policy\\Nowhere");
    expect([missing.status, missing.json.Error]).toEqual([
      400,
      "PolicyDN: \\VED\\Policy\\Nowhere does not exist",
    ]);
  });

  const rsa = newPrivateKey({ name: "RSA", modulusLength: 2048 });
  const subject = [
    { type: "C", value: "GB" },
    { type: "O", value: "Example Corp" },
  ];
  const strict = { key: rsa, subject, dnsNames: ["web.example.com"] };
  const wrong = {
    "an organisation": [
      { subject: [{ type: "O", value: "Evil, Inc" }] },
      'Organization must be "Example Corp", not "Evil, Inc".',
    ],
    "a missing country": [{ subject: subject.slice(1) }, 'Country must be "GB"'],
    "a key type": [
      { key: newPrivateKey({ name: "EC", curve: "P-256" }) },
      "Key Algorithm must be RSA, not ECC.",
    ],
    "a foreign domain": [
      { dnsNames: ["web.example.net"] },
      '"web.example.net" is not in the domain whitelist',
    ],
    "a look-alike domain": [
      { dnsNames: ["badexample.com"] },
      '"badexample.com" is not in the domain whitelist',
    ],
    "a domain that may only be above": [{ dnsNames: ["internal.example"] }, "is not in the domain whitelist"],
    "a wildcard": [{ dnsNames: ["*.example.com"] }, 'Wildcard "*.example.com" is prohibited.'],
    "an IP address": [
      { ipAddresses: ["192.0.2.1"] },
      "Subject Alternative Name type IP Address is prohibited.",
    ],
  } as const;

  test("lets through what complies", async () => {
    expect((await request("Strict", { PKCS10: await newCsr(strict) })).status).toBe(200);
  });

  test.each(Object.entries(wrong))("refuses %s, and takes no order", async (_name, [change, words]) => {
    const orders = tpp.tpp.ledger.of("order").length;
    const answer = await request("Strict", { PKCS10: await newCsr({ ...strict, ...change }) });
    expect([answer.status, answer.json.Error]).toEqual([400, expect.stringContaining(words)]);
    expect(answer.reason).toBe(answer.json.Error);
    expect(tpp.tpp.ledger.of("order")).toHaveLength(orders);
  });

  test("wants a CA, a CSR where keys are the user's, none where they are the server's", async () => {
    const PKCS10 = await newCsr();
    const { json, reason } = await request("No CA", { PKCS10 });
    expect([json.Error, reason]).toEqual([
      "Need a certificate authority (CADN).\r\n",
      "Bad Request, check Error in response for details.",
    ]);
    expect((await request("No CA", { PKCS10, CADN: "\\VED\\Policy\\CA" })).status).toBe(200);
    expect((await request("Server Keys", { PKCS10 })).json.Error).toBe(
      'PKCS#10 data will not be processed. Policy "\\VED\\Policy\\Certificates\\Server Keys" is locked to a Server Generated CSR.',
    );
    expect((await request("Strict", { PKCS10: "nonsense" })).json.Error).toMatch(/^PKCS10 error/);
  });

  test("wants mandatory custom fields and the values of lists; they are kept, with several values", async () => {
    const PKCS10 = await newCsr();
    const field = (Name: string, ...Values: string[]) => ({ Name, Values });
    const ask = (...CustomFields: object[]) => request("Fields", { PKCS10, CustomFields });
    expect((await ask()).json.Error).toBe(
      "Custom Field error. The value for the mandatory Custom Field Cost Center is not set.",
    );
    expect((await ask(field("Cost Center", "42"), field("Environment", "Moon"))).status).toBe(400);
    expect((await ask(field("Cost Center", "42"), field("Colour", "red"))).status).toBe(400);
    const { json } = await ask(field("Cost Center", "42", "43"), field("Environment", "Test"));
    const metadata = await tpp.sdk("metadata/get", { DN: json.CertificateDN });
    expect(
      metadata.json.Data.map((item: { Key: { Label: string }; Value: string[] }) => [
        item.Key.Label,
        item.Value,
      ]),
    ).toEqual([
      ["Cost Center", ["42", "43"]],
      ["Environment", ["Test"]],
    ]);
    const items = await tpp.sdk("metadata/getitems", { DN: json.CertificateDN });
    const [costCenter, environment] = items.json.Items;
    expect(environment).toMatchObject({ Label: "Environment", AllowedValues: ["Production", "Test"] });
    const set = (ItemGuid: string, ...List: string[]) =>
      tpp.sdk("metadata/set", { DN: json.CertificateDN, GuidData: [{ ItemGuid, List }], KeepExisting: true });
    expect((await set(environment.Guid, "Moon")).json.Result).toBe(17);
    expect((await set(costCenter.Guid, "44")).json.Result).toBe(0);
    expect(tpp.tpp.control.object(json.CertificateDN)?.customFields.get("Cost Center")).toEqual(["44"]);
  });

  test("can change", async () => {
    tpp.tpp.control.setPolicy("Changing", {
      certificateAuthority: { value: "ca" },
      domains: ["example.org"],
    });
    const ask = async () =>
      (await tpp.sdk("certificates/request", { PolicyDN: "\\VED\\Policy\\Changing", PKCS10: await newCsr() }))
        .status;
    expect(await ask()).toBe(400);
    tpp.tpp.control.setPolicy("Changing", { certificateAuthority: { value: "ca" } });
    expect(await ask()).toBe(200);
    tpp.tpp.control.removePolicy("Changing");
    expect(await ask()).toBe(400);
  });
});

describe("the end of a certificate", () => {
  const endOf = async (name: string, attributes: object[]) => {
    await tpp.request({ PKCS10: await newCsr(), ObjectName: name, CASpecificAttributes: attributes });
    const [leaf] = certificatesOf(await tpp.retrieve(openDn(name)));
    return ((leaf?.notAfter.getTime() ?? 0) - Date.now()) / 86_400_000;
  };
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  test("is the one asked for, in either client's form, or the template's", async () => {
    expect(await endOf("e1", [{ Name: "Specific End Date", Value: inDays(10) }])).toBeCloseTo(10, 1);
    const python = inDays(20).slice(0, 19).replace("T", " ");
    expect(await endOf("e2", [{ Name: "Microsoft CA:Specific End Date", Value: python }])).toBeCloseTo(20, 1);
    expect(await endOf("e3", [{ Name: "DigiCert CA:Specific End Date", Value: inDays(10) }])).toBeCloseTo(
      365,
      1,
    );
    expect(await endOf("e4", [{ Name: "Specific End Date", Value: inDays(1000) }])).toBeCloseTo(365, 1);
    expect(await endOf("e5", [])).toBeCloseTo(365, 1);
  });
});

test("the server makes the key where no CSR comes, and hands it out encrypted", async () => {
  const names = [{ Type: 2, Name: "made.example.com" }];
  const more = {
    Subject: "made.example.com",
    SubjectAltNames: names,
    KeyAlgorithm: "ECC",
    EllipticCurve: "P384",
  };
  const { json } = await tpp.request(more);
  const withKey = { IncludePrivateKey: true, Format: "Base64 (PKCS #8)", Password: "long-password" };
  const answer = await tpp.retrieve(json.CertificateDN, withKey);
  const pem = Buffer.from(answer.json.CertificateData, "base64").toString();
  expect(pem).toContain("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  const [leaf] = parseCertificates(pem.slice(0, pem.indexOf("-----BEGIN ENCRYPTED")));
  expect(leaf?.keyAlgorithm).toEqual({ name: "EC", curve: "P-384" });
  expect(leaf?.names.dns).toEqual(["made.example.com"]);
  await tpp.request({ PKCS10: await newCsr(), ObjectName: "own-key" });
  const none = await tpp.retrieve(openDn("own-key"), withKey);
  expect(none.reason).toBe("Failed to lookup private key, error: Failed to lookup private key vault id");
});

test("config calls say what is where", async () => {
  const { json } = await tpp.request({ PKCS10: await newCsr(), ObjectName: "known" });
  const ObjectDN = json.CertificateDN;
  expect((await tpp.sdk("Config/DnToGuid", { ObjectDN })).json).toMatchObject({ Result: 1, GUID: json.Guid });
  expect((await tpp.sdk("Config/DnToGuid", { ObjectDN: openDn("unknown") })).json.Result).toBe(400);
  expect((await tpp.sdk("Config/GuidToDn", { ObjectGUID: json.Guid })).json.ObjectDN).toBe(ObjectDN);
  const folder = await tpp.sdk("Config/IsValid", { ObjectDN: "\\VED\\Policy\\Open" });
  expect(folder.json).toMatchObject({ Result: 1, Object: { TypeName: "Policy" } });
  expect((await tpp.sdk("Config/IsValid", { ObjectDN: "\\VED\\Policy\\Nowhere" })).json.Result).toBe(400);
  const contact = { ObjectDN: "\\VED\\Policy\\Open", Class: "X509 Certificate", AttributeName: "Contact" };
  expect((await tpp.sdk("Config/ReadPolicy", contact)).json).toMatchObject({ Result: 1, Values: [] });
  const folders = await tpp.sdk("Config/FindObjectsOfClass", {
    Class: "Policy",
    ObjectDN: "\\VED\\Policy\\Certificates",
  });
  expect(folders.json.Objects.map(({ Name }: { Name: string }) => Name)).toContain("Strict");
});

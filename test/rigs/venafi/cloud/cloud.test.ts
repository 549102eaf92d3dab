import { generateKeyPairSync } from "node:crypto";
import { newPrivateKey, parseCertificates, parseCsr, verifyIssued } from "@countersign/issuer-core";
import { badCertificates } from "@countersign/issuer-testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newCsr } from "../csr-fixture.ts";
import { signJwt } from "../jwt-fixture.ts";
import { type ClientCall, callSimulator } from "../simulator-client.ts";
import { startVenafiCloud, type VenafiCloud } from "../start-venafi-cloud.ts";
import { thumbprintOf } from "../thumbprint.ts";

const serviceKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const account = {
  issuer: "https://cluster.example",
  subject: "system:serviceaccount:pki:issuer",
  audience: "api.venafi.cloud",
  jwks: [{ ...serviceKey.publicKey.export({ format: "jwk" }), kid: "k1" }],
};
let now = new Date();
let cloud: VenafiCloud;

beforeAll(async () => {
  cloud = await startVenafiCloud({ serviceAccounts: [account], accessSeconds: 300, clock: () => now });
});
afterAll(() => cloud.stop());
afterEach(() => {
  const { control } = cloud;
  control.pendingFor(0);
  control.missingFor(0);
  control.unsignedFor(0);
  control.holdInWorkflow(false);
  control.tamper(undefined);
  control.faults.calm();
});

const api = "/outagedetection/v1";
const call = (one: ClientCall) =>
  callSimulator(cloud, { ...one, headers: one.headers ?? { "tppl-api-key": cloud.credentials.apiKey } });
const get = (path: string) => call({ to: `GET ${api}/${path}` });

async function order(more: Readonly<Record<string, unknown>> = {}, zone = ["Open", "Default"]) {
  const [application = "", alias = ""] = zone.map(encodeURIComponent);
  const app = (await get(`applications/name/${application}`)).json;
  return call({
    to: `POST ${api}/certificaterequests`,
    json: {
      certificateSigningRequest: await newCsr(),
      applicationId: app.id,
      certificateIssuingTemplateId: app.certificateIssuingTemplateAliasIdMap[decodeURIComponent(alias)],
      apiClientInformation: { type: "cert-manager", identifier: "127.0.0.1" },
      ...more,
    },
  });
}
const idOf = (answer: Awaited<ReturnType<typeof order>>): string => answer.json.certificateRequests[0].id;
const look = async (id: string) => (await get(`certificaterequests/${id}`)).json;
const contents = (id: string, query = "") => get(`certificates/${id}/contents${query}`);
async function issue(more?: Readonly<Record<string, unknown>>): Promise<string> {
  return (await look(idOf(await order(more)))).certificateIds[0];
}

describe("access", () => {
  test("by an API key; one that is unknown is 412 with its code", async () => {
    const { status, json } = await call({ to: "GET /v1/useraccounts" });
    expect([status, json.user.username, json.company.name]).toEqual([
      200,
      "issuer@example.com",
      "Example Corp",
    ]);
    const unknown = await call({ to: "GET /v1/useraccounts", headers: { "tppl-api-key": "nobody" } });
    expect([unknown.status, unknown.json]).toEqual([
      412,
      { errors: [{ code: 10501, message: "Unable to find api key for key nobody", args: ["nobody"] }] },
    ]);
    expect((await call({ to: "GET /v1/useraccounts", headers: {} })).status).toBe(401);
    await using gateway = await startVenafiCloud({ unknownKey: "gateway" });
    const refused = await callSimulator(gateway, {
      to: "GET /v1/useraccounts",
      headers: { "tppl-api-key": "x" },
    });
    expect([refused.status, refused.text]).toEqual([401, "Invalid api key"]);
  });

  test("by a service account's JWT, for as long as its token lasts", async () => {
    const claims = { iss: account.issuer, sub: account.subject, aud: account.audience };
    const exp = now.getTime() / 1000 + 600;
    const exchange = (assertion: string, more: Readonly<Record<string, string>> = {}) => {
      const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      const form = {
        grant_type: "client_credentials",
        client_assertion_type: type,
        client_assertion: assertion,
      };
      const to = `POST ${new URL(cloud.credentials.tokenUrl).pathname}`;
      return call({ to, headers: {}, form: { ...form, ...more } });
    };
    const jwt = signJwt({ ...claims, exp }, serviceKey.privateKey, { kid: "k1" });
    const { status, json } = await exchange(jwt);
    expect([status, json.token_type, json.expires_in]).toEqual([200, "Bearer", 300]);
    const bearer = { authorization: `Bearer ${json.access_token}` };
    const read = async () =>
      (await call({ to: `GET ${api}/applications/name/Open`, headers: bearer })).status;
    expect(await read()).toBe(200);
    expect((await call({ to: "GET /v1/useraccounts", headers: bearer })).status).toBe(403);
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    expect((await exchange(signJwt({ ...claims, exp }, stranger))).status).toBe(401);
    expect((await exchange(signJwt({ ...claims, exp: exp - 1200 }, serviceKey.privateKey))).status).toBe(401);
    expect((await exchange(signJwt({ ...claims, sub: "other", exp }, serviceKey.privateKey))).status).toBe(
      401,
    );
    expect((await exchange(jwt, { grant_type: "password" })).status).toBe(400);
    expect(cloud.ledger.of("token-refused")).toHaveLength(3);
    now = new Date(now.getTime() + 301_000);
    expect(await read()).toBe(401);
  });

  test("keys can be rotated", async () => {
    cloud.control.apiKeys.add("new-key");
    const as = async (key: string) =>
      (await call({ to: "GET /v1/useraccounts", headers: { "tppl-api-key": key } })).status;
    expect(await as("new-key")).toBe(200);
    cloud.control.apiKeys.delete("new-key");
    expect(await as("new-key")).toBe(412);
  });
});

test("a CSR becomes a certificate: NEW, ISSUED, and PEM in the order asked for", async () => {
  const csr = await newCsr();
  const taken = await order({ certificateSigningRequest: csr, tags: ["team:web"] });
  const [request] = taken.json.certificateRequests;
  expect([taken.status, request.status, request.certificateIds]).toEqual([201, "NEW", undefined]);
  const done = await look(request.id);
  expect(done).toMatchObject({
    status: "ISSUED",
    certificateIds: [expect.any(String), expect.any(String), expect.any(String)],
    tags: ["team:web"],
  });
  const answer = await contents(done.certificateIds[0], "?chainOrder=EE_FIRST&format=PEM");
  expect(answer.headers["content-type"]).toBe("text/plain");
  const options = { csr: parseCsr(csr), chain: answer.text, ca: cloud.rootPem, now, isCA: false };
  const { mismatches } = verifyIssued({ ...options, durationSeconds: 90 * 86_400 });
  expect(mismatches.map(({ field }) => field)).toEqual(["extendedKeyUsage", "duration"]);
  const rootFirst = parseCertificates(
    (await contents(done.certificateIds[0], "?chainOrder=ROOT_FIRST")).text,
  );
  expect(rootFirst.map(({ isSelfSigned }) => isSelfSigned)).toEqual([true, false, false]);
  expect((await contents(done.certificateIds[0], "?format=DER")).status).toBe(400);
  expect(cloud.ledger.of("order").at(-1)).toMatchObject({ zone: "Open\\Default", tags: ["team:web"] });
  expect(cloud.ledger.of("certificate").at(-1)?.serial).toBe(parseCertificates(answer.text)[0]?.serialHex);
});

describe("waiting", () => {
  test("is PENDING, then REQUESTED, for so many looks, and one order", async () => {
    cloud.control.pendingFor(3);
    const orders = cloud.ledger.of("order").length;
    const id = idOf(await order());
    const seen = [];
    for (let turn = 0; turn < 4; turn += 1) seen.push((await look(id)).status);
    expect(seen).toEqual(["PENDING", "REQUESTED", "REQUESTED", "ISSUED"]);
    expect(cloud.ledger.of("order")).toHaveLength(orders + 1);
  });

  test("goes on after ISSUED: 404 until it is in the inventory, 409 until it is signed", async () => {
    cloud.control.missingFor(1);
    cloud.control.unsignedFor(2);
    const id = await issue();
    const seen = [];
    for (let turn = 0; turn < 4; turn += 1) seen.push((await contents(id)).status);
    expect(seen).toEqual([404, 409, 409, 200]);
  });

  test("for approval is PENDING, and ends with the approver's word", async () => {
    cloud.control.holdInWorkflow();
    const [approved, rejected, cancelled] = [idOf(await order()), idOf(await order()), idOf(await order())];
    for (const id of [approved, rejected, cancelled]) expect((await look(id)).status).toBe("PENDING");
    expect(cloud.control.waiting).toEqual([approved, rejected, cancelled]);
    cloud.control.approve(approved);
    cloud.control.reject("not this one", rejected);
    cloud.control.cancel(cancelled);
    expect((await look(approved)).status).toBe("ISSUED");
    expect(await look(rejected)).toMatchObject({
      status: "REJECTED",
      errorInformation: { message: "not this one" },
    });
    expect((await look(cancelled)).status).toBe("CANCELLED");
    expect(cloud.ledger.of("ended").map(({ status }) => status)).toEqual(["REJECTED", "CANCELLED"]);
  });

  test("is a template's too", async () => {
    const id = idOf(await order({}, ["Web Shop", "Approval"]));
    expect((await look(id)).status).toBe("PENDING");
    cloud.control.approve(id);
    expect((await look(id)).status).toBe("ISSUED");
  });

  test("may end as FAILED with error information, also where the CA refuses", async () => {
    cloud.control.failIssuance({ error: { code: 12345, message: "CA is on holiday" } });
    const { status, errorInformation } = await look(idOf(await order()));
    expect([status, errorInformation]).toEqual([
      "FAILED",
      { type: "CA", code: 12345, message: "CA is on holiday", args: [] },
    ]);
    const isCA = { certificateSigningRequest: await newCsr({ isCA: true }) };
    expect((await look(idOf(await order(isCA)))).status).toBe("FAILED");
  });
});

describe("the template", () => {
  const zone = ["Web Shop", "Strict"];
  const rsa = newPrivateKey({ name: "RSA", modulusLength: 2048 });
  const subject = [
    { type: "C", value: "GB" },
    { type: "O", value: "Example Corp" },
  ];
  const ask = async (change: Parameters<typeof newCsr>[0] = {}) =>
    order({ certificateSigningRequest: await newCsr({ key: rsa, subject, ...change }) }, zone);

  test("is read by application and alias, exactly; what is not there has its code", async () => {
    const read = (path: string) => get(`applications/${path}`);
    const { json } = await read("Web%20Shop/certificateissuingtemplates/Strict");
    expect(json).toMatchObject({
      subjectORegexes: ["Example Corp"],
      validityPeriod: "P30D",
      keyReuse: false,
    });
    for (const [path, code] of [
      ["name/Nowhere", 10051],
      ["name/web%20shop", 10051],
      ["Web%20Shop/certificateissuingtemplates/strict", 20216],
      ["Nowhere/certificateissuingtemplates/Strict", 10051],
    ] as const) {
      const missing = await read(path);
      expect([path, missing.status, missing.json.errors[0].code]).toEqual([path, 404, code]);
    }
  });

  test("lets through what matches, refuses the rest with its own words and takes no order", async () => {
    expect((await ask()).status).toBe(201);
    const orders = cloud.ledger.of("order").length;
    const wrong = [
      await ask({ subject: [{ type: "O", value: "Evil, Inc" }] }),
      await ask({ commonName: "web.example.net" }),
      await ask({ dnsNames: ["web.example.com.evil.example"] }),
      await ask({ ipAddresses: ["192.0.2.1"], emails: ["a@example.com"] }),
      await ask({ key: newPrivateKey({ name: "EC", curve: "P-256" }) }),
    ];
    const component = (type: string, value: string) => {
      return [10726, `Distinguished name component ${type} with value "${value}" is invalid`];
    };
    expect(
      wrong.map(({ status, json }) => [
        status,
        json.errors.map(({ code, message }: { code: number; message: string }) => [code, message]),
      ]),
    ).toEqual([
      [412, [component("O", "Evil, Inc"), component("C", "")]],
      [412, [component("CN", "web.example.net")]],
      [
        412,
        [
          [
            90002,
            expect.stringMatching(/^SAN value "web.example.com.evil.example" of type dNSName matches none/),
          ],
        ],
      ],
      [
        412,
        [
          [10733, "SAN value of type rfc822Name must not be specified"],
          [10733, "SAN value of type iPAddress must not be specified"],
        ],
      ],
      [412, [[90002, "The key is of no allowed type"]]],
    ]);
    expect(cloud.ledger.of("order")).toHaveLength(orders);
  });

  test("may not allow a key to be used again", async () => {
    await look(idOf(await ask()));
    const again = await ask();
    expect([again.status, again.json.errors[0].message]).toEqual([
      412,
      "Key reuse is not allowed by the template",
    ]);
  });

  test("wants a CSR that can be read, ids that it has, and a period of ISO 8601", async () => {
    const bad = await order({ certificateSigningRequest: "nonsense" });
    expect([bad.status, bad.json.errors[0].code]).toEqual([400, 10702]);
    expect((await order({ certificateIssuingTemplateId: "x" })).json.errors[0].code).toBe(10051);
    expect((await order({ validityPeriod: "90 days" })).status).toBe(400);
    expect((await order({ applicationId: undefined })).status).toBe(400);
  });

  test("can change", async () => {
    cloud.control.setPolicy("Changing", "A", { subjectCNRegexes: ["other"] });
    expect((await order({}, ["Changing", "A"])).status).toBe(412);
    cloud.control.setPolicy("Changing", "A", {});
    expect((await order({}, ["Changing", "A"])).status).toBe(201);
    cloud.control.removeApplication("Changing");
    expect((await get("applications/name/Changing")).status).toBe(404);
  });
});

test("a validity is as asked for up to the template's; other companies' CAs pass over hours", async () => {
  const days = async (validityPeriod: string, zone?: string[]) => {
    const id = (await look(idOf(await order({ validityPeriod }, zone)))).certificateIds[0];
    const [leaf] = parseCertificates((await contents(id)).text);
    return ((leaf?.notAfter.getTime() ?? 0) - now.getTime()) / 86_400_000;
  };
  cloud.control.setPolicy("Third", "Party", { thirdPartyCa: true });
  expect(await days("P10D")).toBeCloseTo(10, 3);
  expect(await days("PT48H")).toBeCloseTo(2, 3);
  expect(await days("P1DT12H0M0S")).toBeCloseTo(1.5, 3);
  expect(await days("P1000D")).toBeCloseTo(90, 3);
  expect(await days("P10D", ["Third", "Party"])).toBeCloseTo(10, 3);
  expect(await days("PT48H", ["Third", "Party"])).toBeCloseTo(90, 3);
});

test("a certificate is found by its fingerprint, renewed with a new or the same CSR, revoked, retired", async () => {
  const id = await issue();
  const [leaf] = parseCertificates((await contents(id)).text);
  const fingerprint = thumbprintOf(leaf?.der ?? new Uint8Array());
  const operands = [{ field: "fingerprint", operator: "MATCH", value: fingerprint }];
  const found = await call({ to: `POST ${api}/certificatesearch`, json: { expression: { operands } } });
  expect(found.json).toMatchObject({
    count: 1,
    certificates: [{ id, encryptionType: "EC", keyCurve: "P256" }],
  });
  const renewed = await issue({ existingCertificateId: id, reuseCSR: true });
  const [next] = parseCertificates((await contents(renewed)).text);
  expect([next?.spkiDer, next?.serialHex]).toEqual([
    leaf?.spkiDer,
    expect.not.stringMatching(leaf?.serialHex ?? ""),
  ]);
  expect((await get(`certificates/${renewed}`)).json.managedCertificateId).toBe(id);
  const variables = { fingerprint, revocationReason: "SUPERSEDED" };
  const revoke = { operationName: "RevokeCertificateRequest", query: "mutation", variables };
  const revoked = await call({ to: "POST /graphql", json: revoke });
  expect(revoked.json.data.revokeCertificate).toMatchObject({ id, revocation: { status: "SUBMITTED" } });
  const retired = await call({ to: `POST ${api}/certificates/retirement`, json: { certificateIds: [id] } });
  expect(retired.json).toMatchObject({ count: 1, certificates: [{ certificateStatus: "RETIRED" }] });
});

describe("tampering", () => {
  test.each(Object.keys(badCertificates))("%s: is handed out and would be refused", async (name) => {
    const csr = await newCsr();
    const id = await issue({ certificateSigningRequest: csr });
    cloud.control.tamper(name);
    const { text: chain } = await contents(id);
    const options = { csr: parseCsr(csr), chain, ca: undefined, now, isCA: false, durationSeconds: 86_400 };
    expect(() => verifyIssued(options)).toThrow(expect.objectContaining({ code: "BAD_CERTIFICATE" }));
  });
});

test("faults: a lost answer leaves the order, a rate limit leaves nothing", async () => {
  const orders = cloud.ledger.of("order").length;
  cloud.control.faults.loseAnswer({ path: "certificaterequests" });
  await expect(order()).rejects.toThrow();
  expect(cloud.ledger.of("order")).toHaveLength(orders + 1);
  cloud.control.faults.rateLimitNext(3, { path: "certificaterequests" });
  const limited = await order();
  expect([limited.status, limited.headers["retry-after"]]).toEqual([429, "3"]);
  expect(cloud.ledger.of("order")).toHaveLength(orders + 1);
});

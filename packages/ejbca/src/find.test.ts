import { parseCertificates, type SignRequest } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo } from "./connect-fixture.ts";
import { type FakeAnswer, type FakeCall, FakeEjbca, html, saying } from "./fake-ejbca-fixture.ts";
import { fakeCa } from "./fake-enrolment-fixture.ts";

const search = "POST v1/certificate/search";
const download = "GET v1/ca/CN%3DLabIssuingCA/certificate/download";

/** An EJBCA that finds by username what it is told to, and has certificates of the CA and profile or none. */
async function storeOf(options: ConnectOptions = {}) {
  const stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeEjbca.start());
  const ca = fakeCa();
  const other = await ca.sign((await signRequestFor()).parsedCsr);
  const store = { byUsername: () => ca.found() as FakeAnswer, isVisible: true };
  fake.routes[search] = (call) => {
    if (isByUsername(call)) return store.byUsername();
    return store.isVisible ? ca.found(other) : ca.found();
  };
  fake.routes[download] = {
    body: `Subject: CN=LabIssuingCA\nIssuer: CN=LabIssuingCA\n${ca.certificate.pem}`,
  };
  const ejbca = stack.use(connectTo(fake.url, options));
  return { fake, ca, other, store, ejbca, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function isByUsername({ json }: FakeCall): boolean {
  return JSON.stringify(json).includes('"QUERY"');
}

const shared: ConnectOptions = { ejbca: { endEntityName: "{namespace}.{certificate}" } };
const certificate = { annotations: { "cert-manager.io/certificate-name": "web" } };

describe("find", () => {
  test("knows the certificate for the request's key, with its chain", async () => {
    await using at = await storeOf();
    const request = await signRequestFor({ namespace: "team", name: "web", uid: "1" });
    const mine = await at.ca.sign(request.parsedCsr);
    at.store.byUsername = () => at.ca.found(at.other, mine);
    const found = await at.ejbca.find(request);
    const chain = parseCertificates(found?.status === "issued" ? found.chain : "");
    expect(chain.map(({ sha256Hex }) => sha256Hex)).toEqual([mine.sha256Hex, at.ca.certificate.sha256Hex]);
    expect(at.fake.calls.find(({ path }) => path === "v1/certificate/search")?.json).toEqual({
      max_number_of_results: 400,
      criteria: [{ property: "QUERY", value: "team.web.1", operation: "EQUAL" }],
    });
  });

  test("is sure of nothing there where another certificate of the CA and profile is seen", async () => {
    await using at = await storeOf();
    expect(await at.ejbca.find(await signRequestFor())).toBeUndefined();
    const other = at.fake.calls.find((call) => call.path === "v1/certificate/search" && !isByUsername(call));
    expect(other?.json).toEqual({
      max_number_of_results: 1,
      criteria: [
        { property: "CA", value: "LabIssuingCA", operation: "EQUAL" },
        { property: "END_ENTITY_PROFILE", value: "LabEEP", operation: "EQUAL" },
      ],
    });
  });

  test("looks again for what is not there, since a server may still be at work", async () => {
    await using at = await storeOf({ settleMs: 20 });
    const request = await signRequestFor();
    const mine = await at.ca.sign(request.parsedCsr);
    for (const looks of [2, 3]) {
      let left = looks;
      at.store.byUsername = () => {
        left -= 1;
        return left > 0 ? at.ca.found() : at.ca.found(mine);
      };
      expect(await at.ejbca.find(request)).toMatchObject({ status: "issued" });
    }
  });

  test("cannot tell where nothing at all is seen: no certificate, no right, no storage, no database", async () => {
    await using at = await storeOf();
    at.store.isVisible = false;
    expect(await at.ejbca.find(await signRequestFor())).toMatchObject({
      status: "cannot-tell",
      reason: expect.stringContaining("the database is away"),
    });
  });

  test("does not believe a database that goes away between two looks", async () => {
    await using at = await storeOf({ settleMs: 20 });
    const route = at.fake.routes[search];
    let looks = 0;
    at.fake.routes[search] = (call) => {
      if (isByUsername(call)) looks += 1;
      at.store.isVisible = looks < 3;
      return typeof route === "function" ? route(call) : "reset";
    };
    expect(await at.ejbca.find(await signRequestFor())).toMatchObject({ status: "cannot-tell" });
  });

  test("a shared end entity: its other certificates are proof, and an old one of the key is not it", async () => {
    await using at = await storeOf(shared);
    at.store.isVisible = false;
    const request = await signRequestFor(certificate);
    const issuedAt = (seconds: number) =>
      at.ca.sign(request.parsedCsr, { notBefore: (request.approvedAt - 600 + seconds) * 1000 });
    const [old, first, last] = [await issuedAt(-7200), await issuedAt(1), await issuedAt(60)];
    at.store.byUsername = () => at.ca.found(at.other, old);
    expect(await at.ejbca.find(request)).toBeUndefined();
    at.store.byUsername = () => at.ca.found(last, first, old);
    const found = await at.ejbca.find(request);
    expect(parseCertificates(found?.status === "issued" ? found.chain : "")[0]?.serialHex).toBe(
      last.serialHex,
    );
  });

  test("an end entity with more certificates than are shown is searched since the approval", async () => {
    await using at = await storeOf(shared);
    const request = await signRequestFor(certificate);
    const mine = await at.ca.sign(request.parsedCsr);
    const route = at.fake.routes[search];
    at.fake.routes[search] = (call) => {
      if (JSON.stringify(call.json).includes("ISSUED_DATE")) return at.ca.found(mine);
      if (isByUsername(call)) return { body: { ...at.ca.found(at.other).body, more_results: true } };
      return typeof route === "function" ? route(call) : "reset";
    };
    expect(await at.ejbca.find(request)).toMatchObject({ status: "issued" });
    expect(
      at.fake.calls.find(({ json }) => JSON.stringify(json).includes("ISSUED_DATE"))?.json,
    ).toMatchObject({
      criteria: [
        { property: "QUERY" },
        { value: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      ],
    });
  });

  test("an end entity with more certificates than are shown cannot tell", async () => {
    await using at = await storeOf(shared);
    at.store.byUsername = () => ({ body: { certificates: [], more_results: true } });
    expect(await at.ejbca.find(await signRequestFor(certificate))).toMatchObject({ status: "cannot-tell" });
  });

  test("leaves out what was revoked", async () => {
    await using at = await storeOf();
    const request = await signRequestFor();
    const mine = await at.ca.sign(request.parsedCsr);
    at.store.byUsername = () => at.ca.found(mine);
    const status = `GET v1/certificate/CN%3DLabIssuingCA/${mine.serialHex}/revocationstatus`;
    at.fake.routes[status] = { body: { revoked: true } };
    expect(await at.ejbca.find(request)).toBeUndefined();
    at.fake.routes[status] = { body: { revoked: false } };
    expect(await at.ejbca.find(request)).toMatchObject({ status: "issued" });
  });

  test("cannot tell where the CA has a new certificate and the old one is not told", async () => {
    await using at = await storeOf();
    const request = await signRequestFor();
    at.store.byUsername = () => at.ca.found(certificateOf);
    const certificateOf = await at.ca.sign(request.parsedCsr);
    for (const answer of [
      { body: fakeCa().certificate.pem },
      saying(404, "x"),
      html(403, "no"),
      { body: "x" },
    ]) {
      at.fake.routes[download] = answer;
      expect(await at.ejbca.find(request)).toMatchObject({
        status: "cannot-tell",
        reason: expect.stringContaining("CA certificate"),
      });
    }
  });

  test("leaves out what cannot be read", async () => {
    await using at = await storeOf();
    at.store.byUsername = () => ({
      body: { certificates: [{ certificate: "*" }, null, {}], more_results: false },
    });
    expect(await at.ejbca.find(await signRequestFor())).toBeUndefined();
  });

  test.each<[FakeAnswer, string]>([
    [saying(500, "General failure."), "RETRYABLE"],
    [html(503, "503 - Service Unavailable"), "RETRYABLE"],
    [saying(403, "Error no client certificate or OAuth token received for authentication."), "ISSUER"],
    [html(403, "This service has been disabled."), "ISSUER"],
    [{ body: "<html>login</html>" }, "RETRYABLE"],
  ])("throws for %j", async (answer, code) => {
    await using at = await storeOf();
    at.fake.routes[search] = answer;
    const call: (request: SignRequest) => Promise<unknown> = at.ejbca.find;
    await expect(call(await signRequestFor())).rejects.toMatchObject({ code });
  });
});

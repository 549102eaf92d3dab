import { parseCsr, verifyIssued } from "@countersign/issuer-core";
import { badCertificates } from "@countersign/issuer-testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newCsr } from "../csr-fixture.ts";
import { thumbprintOf } from "../thumbprint.ts";
import { certificatesOf, openDn, startTppFixture, type TppFixture } from "./fixture.ts";

let tpp: TppFixture;
beforeAll(async () => {
  tpp = await startTppFixture();
});
afterAll(() => tpp[Symbol.asyncDispose]());
afterEach(() => {
  const { control } = tpp.tpp;
  control.pendingFor(0);
  control.holdInWorkflow(false);
  control.tamper(undefined);
  control.faults.calm();
});

const orders = (name: string) => tpp.tpp.ledger.of("order").filter(({ dn }) => dn === openDn(name));
const order = async (name: string, more: object = {}) =>
  tpp.request({ PKCS10: await newCsr(), ObjectName: name, ...more });
const reset = (name: string, Restart = false) =>
  tpp.sdk("certificates/reset", { CertificateDN: openDn(name), Restart });
const serialOf = async (name: string) => certificatesOf(await tpp.retrieve(openDn(name)))[0]?.serialHex;

describe("pending", () => {
  test("is 202 with stage and status for so many looks, and one order", async () => {
    tpp.tpp.control.pendingFor(3);
    await order("slow");
    for (let look = 0; look < 3; look += 1) {
      const { status, json, reason } = await tpp.retrieve(openDn("slow"));
      expect([status, json]).toEqual([202, { Stage: 500, Status: "Post CSR" }]);
      expect(reason).toBe(`Certificate ${openDn("slow")} being processed, Status: Post CSR, Stage: 500.`);
    }
    expect((await tpp.retrieve(openDn("slow"))).status).toBe(200);
    expect(orders("slow")).toHaveLength(1);
  });

  test("is 202 of the request itself where it would wait for the CA, with the DN to look for", async () => {
    tpp.tpp.control.pendingFor(1);
    const late = await order("late", { WorkToDoTimeout: "60" });
    expect([late.status, late.json]).toEqual([
      202,
      {
        CertificateDN: openDn("late"),
        Guid: expect.any(String),
        Error: "Certificate processing took longer than WorkToDoTimeout of 60 seconds.",
      },
    ]);
    tpp.tpp.control.pendingFor(0);
    const soon = await order("soon", { WorkToDoTimeout: 60 });
    expect([soon.status, certificatesOf(soon)[0]?.commonName]).toEqual([200, "web.example.com"]);
  });

  test("looked at by many at the same time makes one certificate", async () => {
    await order("crowd");
    const answers = await Promise.all(Array.from({ length: 10 }, () => tpp.retrieve(openDn("crowd"))));
    expect(new Set(answers.map((answer) => certificatesOf(answer)[0]?.serialHex)).size).toBe(1);
    expect(tpp.tpp.ledger.of("certificate").filter(({ dn }) => dn === openDn("crowd"))).toHaveLength(1);
  });
});

describe("the workflow", () => {
  test("holds orders at stage 600 until they are approved", async () => {
    tpp.tpp.control.holdInWorkflow();
    await order("held");
    const waiting = await tpp.retrieve(openDn("held"));
    expect([waiting.status, waiting.json.Stage]).toEqual([202, 600]);
    expect(tpp.tpp.control.waiting).toEqual([openDn("held")]);
    tpp.tpp.control.approve();
    expect((await tpp.retrieve(openDn("held"))).status).toBe(200);
  });

  test("is a folder's too; what is rejected is an error with the approver's words", async () => {
    const zone = "\\VED\\Policy\\Certificates\\Workflow";
    const { json } = await tpp.sdk("certificates/request", { PolicyDN: zone, PKCS10: await newCsr() });
    expect((await tpp.retrieve(json.CertificateDN)).status).toBe(202);
    tpp.tpp.control.reject("not this one", json.CertificateDN);
    const rejected = await tpp.retrieve(json.CertificateDN);
    expect([rejected.status, rejected.json]).toEqual([
      500,
      { Stage: 600, Status: "Approval was rejected: not this one" },
    ]);
  });
});

describe("an error", () => {
  test("stays: a new request is taken and does nothing until the object is reset", async () => {
    tpp.tpp.control.failIssuance();
    await order("broken");
    const failed = await tpp.retrieve(openDn("broken"));
    expect([failed.status, failed.json.Status]).toEqual([
      500,
      "Post CSR failed with error: Cannot connect to the certificate authority (CA).",
    ]);
    expect((await order("broken")).status).toBe(200);
    expect((await tpp.retrieve(openDn("broken"))).json.Status).toBe(
      "WebSDK CertRequest Module Requested Certificate",
    );
    expect((await tpp.retrieve(openDn("broken"))).json.Status).toMatch(
      /Fix any errors, and then click Retry\.$/,
    );
    expect(orders("broken")).toHaveLength(1);
    expect(tpp.tpp.ledger.of("stuck-order")).toHaveLength(1);
    expect((await reset("broken")).json).toEqual({ ProcessingResetCompleted: true });
    await order("broken");
    expect((await tpp.retrieve(openDn("broken"))).status).toBe(200);
  });

  test("is gone after a retry, which works on what is there", async () => {
    tpp.tpp.control.failIssuance({ stage: 700, status: "CA is busy" });
    await order("retried");
    expect((await tpp.retrieve(openDn("retried"))).json).toEqual({ Stage: 700, Status: "CA is busy" });
    const retry = () => tpp.sdk("certificates/retry", { CertificateDN: openDn("retried") });
    expect((await retry()).status).toBe(200);
    expect((await tpp.retrieve(openDn("retried"))).status).toBe(200);
    expect((await retry()).json.Error).toBe("Retry canceled. No retry is required for the certificate.");
  });

  test("is what the CA refuses", async () => {
    await order("ca", { PKCS10: await newCsr({ isCA: true }) });
    const { status, json } = await tpp.retrieve(openDn("ca"));
    expect([status, json.Status]).toEqual([500, expect.stringMatching(/^Post CSR failed with error: /)]);
  });
});

describe("reset", () => {
  test("says in the words that clients look for that there is nothing to do, or nothing there", async () => {
    await order("fine");
    await tpp.retrieve(openDn("fine"));
    expect((await reset("fine")).json.Error).toBe(
      "Reset is not completed. No reset is required for the certificate.",
    );
    expect((await reset("absent")).json.Error).toBe(
      `CertificateDN error. CertificateDN: "${openDn("absent")}" does not exist or you do not have sufficient rights to the object.`,
    );
  });

  test("drops what is in the making: the old certificate is handed out, of another key", async () => {
    await order("raced");
    const old = await serialOf("raced");
    tpp.tpp.control.pendingFor(5);
    await order("raced");
    expect((await tpp.retrieve(openDn("raced"))).status).toBe(202);
    await reset("raced");
    expect(await serialOf("raced")).toBe(old);
    expect(tpp.tpp.ledger.of("reset").at(-1)).toMatchObject({ dn: openDn("raced"), dropped: true });
  });

  test("restarts where it is told to", async () => {
    tpp.tpp.control.failIssuance();
    await order("restarted");
    await tpp.retrieve(openDn("restarted"));
    await reset("restarted", true);
    expect((await tpp.retrieve(openDn("restarted"))).status).toBe(200);
    expect(orders("restarted").map(({ how }) => how)).toEqual(["request", "restart"]);
  });
});

test("a second request archives the certificate and keeps object and Guid", async () => {
  const first = await order("twice");
  const serial = await serialOf("twice");
  const second = await order("twice");
  expect(second.json).toEqual(first.json);
  expect(await serialOf("twice")).not.toBe(serial);
  expect(tpp.tpp.control.object(openDn("twice"))?.certificates).toHaveLength(2);
});

describe("renew", () => {
  const renew = (name: string, PKCS10?: string) =>
    tpp.sdk("certificates/renew", { CertificateDN: openDn(name), PKCS10 });

  test("orders a new certificate for a new CSR", async () => {
    await order("renewed");
    const old = await serialOf("renewed");
    expect((await renew("renewed", await newCsr())).json).toEqual({ Success: true });
    expect(await serialOf("renewed")).not.toBe(old);
    expect(orders("renewed").map(({ how }) => how)).toEqual(["request", "renew"]);
  });

  test("is refused for what is not there, in the making, against policy, or for the same key", async () => {
    expect((await renew("no-such", await newCsr())).json).toMatchObject({ Success: false });
    tpp.tpp.control.pendingFor(1);
    await order("busy");
    expect((await renew("busy", await newCsr())).status).toBe(400);
    await tpp.retrieve(openDn("busy"));
    await tpp.retrieve(openDn("busy"));
    expect((await renew("busy")).json.Error).toMatch(/^Private key reuse is prohibited/);
  });
});

test("revoke: by DN or thumbprint, once; a disabled object wants Reenable", async () => {
  await order("revoked");
  const { Certificates } = (await search("CN=web.example.com")).json;
  expect(Certificates.length).toBeGreaterThan(0);
  const revoke = (json: object) => tpp.sdk("certificates/revoke", { Reason: 4, ...json });
  const byDn = { CertificateDN: openDn("revoked"), Disable: true };
  expect((await revoke(byDn)).json).toEqual({
    Error: `Certificate ${openDn("revoked")} does not have a certificate to revoke`,
    Success: false,
  });
  await tpp.retrieve(openDn("revoked"));
  expect((await revoke(byDn)).json).toEqual({ Requested: true, Success: true });
  expect((await revoke(byDn)).json).toEqual({ Requested: false, Success: true });
  expect(tpp.tpp.ledger.of("revocation").at(-1)).toMatchObject({ dn: openDn("revoked"), reason: 4 });
  expect((await order("revoked")).status).toBe(400);
  expect((await order("revoked", { Reenable: true })).status).toBe(200);
  await tpp.retrieve(openDn("revoked"));
  const found = await search(`ParentDn=${encodeURIComponent("\\VED\\Policy\\Open")}&limit=1000`);
  const { Thumbprint } = found.json.Certificates.find(
    ({ DN }: { DN: string }) => DN === openDn("revoked"),
  ).X509;
  expect((await revoke({ Thumbprint })).json.Requested).toBe(true);
  expect((await revoke({ Thumbprint: "00" })).json.Success).toBe(false);
});

async function search(query: string) {
  const bearer: string = (await tpp.login()).json.access_token;
  return tpp.call({ to: `GET /vedsdk/certificates/?${query}`, bearer });
}

test("searches by thumbprint, shows details by Guid and takes attributes", async () => {
  const { json } = await order("sought");
  const [leaf] = certificatesOf(await tpp.retrieve(openDn("sought")));
  const bearer: string = (await tpp.login()).json.access_token;
  const found = await search(`Thumbprint=${thumbprintOf(leaf?.der ?? new Uint8Array())}`);
  expect(found.json).toMatchObject({
    TotalCount: 1,
    Certificates: [{ DN: openDn("sought"), Guid: json.Guid }],
  });
  const path = `/vedsdk/certificates/${encodeURIComponent(json.Guid)}`;
  expect((await tpp.call({ to: `GET ${path}`, bearer })).json.Disabled).toBe(false);
  const AttributeData = [{ Name: "Disabled", Value: ["1"] }];
  expect((await tpp.call({ to: `PUT ${path}`, bearer, json: { AttributeData } })).status).toBe(200);
  expect((await tpp.call({ to: `GET ${path}`, bearer })).json.Disabled).toBe(true);
  expect((await search("Issuer=x")).status).toBe(400);
});

describe("tampering", () => {
  test.each(Object.keys(badCertificates))("%s: is handed out and would be refused", async (name) => {
    const PKCS10 = await newCsr();
    await tpp.request({ PKCS10, ObjectName: "tampered" });
    tpp.tpp.control.tamper(name);
    const { json } = await tpp.retrieve(openDn("tampered"));
    const chain = Buffer.from(json.CertificateData, "base64").toString("utf8");
    const csr = parseCsr(PKCS10);
    const options = { csr, chain, now: new Date(), isCA: false, durationSeconds: 365 * 86_400 };
    expect(() => verifyIssued({ ...options, ca: undefined })).toThrow(
      expect.objectContaining({ code: "BAD_CERTIFICATE" }),
    );
  });

  test("knows no other kind", () => {
    expect(() => tpp.tpp.control.tamper("a typo")).toThrow("a typo");
  });
});

describe("faults", () => {
  test("an answer is lost after the order is taken: it is in the ledger, and found by its DN", async () => {
    tpp.tpp.control.faults.loseAnswer({ path: "certificates/request" });
    await expect(order("lost")).rejects.toThrow();
    expect(orders("lost")).toHaveLength(1);
    expect((await tpp.retrieve(openDn("lost"))).status).toBe(200);
  });

  test("a reset connection and an answer of the front end leave nothing", async () => {
    tpp.tpp.control.faults.resetNext({ path: "certificates/request" });
    await expect(order("nothing")).rejects.toThrow();
    tpp.tpp.control.faults.failNext(
      { status: 503, text: "<html>busy</html>" },
      { path: "certificates/", times: 2 },
    );
    expect([(await order("nothing")).status, (await order("nothing")).text]).toEqual([
      503,
      "<html>busy</html>",
    ]);
    tpp.tpp.control.faults.rateLimitNext(7);
    const limited = await order("nothing");
    expect([limited.status, limited.headers["retry-after"]]).toEqual([429, "7"]);
    expect(orders("nothing")).toEqual([]);
    expect((await order("nothing")).status).toBe(200);
  });

  test("a call hangs until all is calm, another is only slow", async () => {
    const { faults } = tpp.tpp.control;
    faults.hangNext({ path: "certificates/request" });
    const hanging = expect(order("hung")).rejects.toThrow();
    faults.delayNext(50, { path: "certificates/reset" });
    const started = performance.now();
    await reset("absent");
    expect(performance.now() - started).toBeGreaterThanOrEqual(45);
    faults.calm();
    await hanging;
    expect(orders("hung")).toEqual([]);
  });

  test("an object that was removed is asked for in vain", async () => {
    await order("removed");
    tpp.tpp.control.removeObject(openDn("removed"));
    expect((await tpp.retrieve(openDn("removed"))).status).toBe(400);
  });
});

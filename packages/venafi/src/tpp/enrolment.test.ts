import { parseCertificates, verifyIssued } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTpp, type Tpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import { type ConnectOptions, connectTo, failureOf } from "../connect-fixture.ts";

const retrieve = "certificates/retrieve";

/** A simulator and a signer for it. */
async function rig(options: ConnectOptions = {}) {
  const tpp = await startTpp();
  const connected = connectTo(tpp, options);
  return {
    tpp,
    ...connected,
    orders: () => tpp.ledger.entries.filter(({ kind }) => kind === "order"),
    certificates: () => tpp.ledger.entries.filter(({ kind }) => kind === "certificate"),
    async [Symbol.asyncDispose]() {
      await connected[Symbol.asyncDispose]();
      await tpp.stop();
    },
  };
}

describe("enrolment at TPP", () => {
  test("requests, looks once for each call, and issues the chain", async () => {
    await using it = await rig();
    it.tpp.control.pendingFor(3);
    const request = await signRequestFor({ commonName: "www.example.com" });
    const { chain, pendings } = await it.issue(request);
    const { parsedCsr: csr, isCA, usages, durationSeconds } = request;
    const verified = verifyIssued({ csr, chain, now: new Date(), isCA, usages, durationSeconds });
    // The simulated CA adds a usage and dates back by a minute.
    expect(verified.mismatches.map(({ field }) => field)).toEqual(["extendedKeyUsage", "duration"]);
    expect(parseCertificates(chain)[0]?.commonName).toBe("www.example.com");
    expect(pendings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^TPP has the request as "\\VED\\Policy\\Open\\www.example.com attempt-of-the-test"/,
      ),
      'TPP is at stage 500 "Post CSR".',
      'TPP is at stage 500 "Post CSR".',
      'TPP is at stage 500 "Post CSR".',
    ]);
    expect(it.tpp.calls.filter(({ path }) => path.endsWith(retrieve))).toHaveLength(4);
    expect(it.orders()).toHaveLength(1);
  });

  test("asks for the requested lifetime", async () => {
    await using it = await rig();
    const { chain } = await it.issue({ durationSeconds: 7 * 86_400 });
    const [leaf] = parseCertificates(chain);
    const days = ((leaf?.notAfter.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
  });

  test("waits for an approval, however long, and says so", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow" });
    const request = await signRequestFor();
    const waiting = await it.pending(request, 6);
    expect(waiting.message).toContain('stage 600 "Approve Request", which waits for an approval there');
    it.tpp.control.approve();
    await it.issue(request, waiting);
    expect(it.orders()).toHaveLength(1);
  });

  test("fails with the approver's words what is rejected", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow" });
    const request = await signRequestFor();
    const waiting = await it.pending(request, 2);
    it.tpp.control.reject("no such project");
    const error = await failureOf(it.issue(request, waiting));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("no such project");
  });

  test("takes a 202 to the request for an order that goes on", async () => {
    await using it = await rig();
    const dn = "\\VED\\Policy\\Open\\slow";
    it.tpp.control.faults.failNext(
      {
        status: 202,
        json: {
          CertificateDN: dn,
          Guid: "{1}",
          Error: "Certificate processing took longer than WorkToDoTimeout",
        },
      },
      { path: "certificates/request" },
    );
    expect(await it.sign()).toMatchObject({ status: "pending", operation: { dn, resets: 0 } });
  });

  test("resets an object in error, in a later call requests it again, and issues", async () => {
    await using it = await rig();
    it.tpp.control.failIssuance({ times: 2 });
    const { pendings } = await it.issue(await signRequestFor());
    const kinds = it.tpp.ledger.entries.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== "grant")).toEqual([
      ...["order", "failure", "reset", "order", "failure", "reset", "order", "certificate"],
    ]);
    const messages = pendings.map(({ message }) => message ?? "");
    expect(
      messages.filter((text) => text.includes("Cannot connect to the certificate authority")),
    ).toHaveLength(4);
    // One call looks, another resets, another requests: none does two of them.
    const paths = it.tpp.calls.map(({ path }) => path.slice(path.lastIndexOf("/") + 1).toLowerCase());
    expect(paths.slice(2)).toEqual([
      ...["request", "retrieve", "retrieve", "reset"],
      ...["request", "retrieve", "retrieve", "reset"],
      ...["request", "retrieve"],
    ]);
  });

  test("leaves an object to people that stops again and again, and goes on when they have mended it", async () => {
    await using it = await rig();
    it.tpp.control.failIssuance({ times: 5, status: "Fix any errors, and then click Retry." });
    const request = await signRequestFor();
    const error = await failureOf(it.issue(request));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true, retryAfterMs: 60_000 });
    expect(error.message).toContain("Fix any errors, and then click Retry.");
    expect(error.message).toContain("The issuer has reset it 4 times");
    expect(it.tpp.ledger.entries.filter(({ kind }) => kind === "reset")).toHaveLength(4);
  });

  test("does not blame the issuer where a reset is not allowed", async () => {
    await using it = await rig();
    it.tpp.control.failIssuance();
    const reason = "Grant rejected scope 'certificate:delete'.";
    it.tpp.control.faults.failNext({ status: 403, reason }, { path: "certificates/reset" });
    const error = await failureOf(it.issue());
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(error.message).toContain(reason);
  });

  test("requests again what was deleted, once", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow" });
    const request = await signRequestFor();
    const first = await it.pending(request, 2);
    const dn = first.operation.kind === "tpp" ? first.operation.dn : "";
    it.tpp.control.removeObject(dn);
    const gone = await it.sign(request, first.operation);
    expect(gone).toMatchObject({ status: "pending", operation: { next: "request", recreated: true } });
    const again = await it.sign(request, gone.status === "pending" ? gone.operation : undefined);
    it.tpp.control.removeObject(dn);
    const error = await failureOf(it.sign(request, again.status === "pending" ? again.operation : undefined));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(it.orders()).toHaveLength(2);
  });

  test("retries 5xx, lost answers and broken connections of a look, and orders nothing anew", async () => {
    await using it = await rig();
    const { faults } = it.tpp.control;
    const request = await signRequestFor();
    const first = await it.pending(request, 1);
    for (const status of [500, 502, 503]) {
      faults.failNext({ status, text: "<html>gateway</html>" }, { path: retrieve });
      const error = await failureOf(it.sign(request, first.operation));
      expect(error).toMatchObject({ code: "RETRYABLE" });
      expect(error.message).not.toContain("html");
    }
    faults.resetNext({ path: retrieve, times: 2 });
    expect(await failureOf(it.sign(request, first.operation))).toMatchObject({ code: "RETRYABLE" });
    await it.issue(request, first);
    expect(it.orders()).toHaveLength(1);
  });

  test("has nothing but DN and counts to keep", async () => {
    await using it = await rig();
    const { operation } = await it.pending(await signRequestFor(), 1);
    expect(Object.keys(operation).sort()).toEqual(["dn", "kind", "requestedAt", "resets"]);
  });

  test("keeps the operation as it is from look to look, so that a wait writes nothing", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow" });
    const request = await signRequestFor();
    const [two, nine] = [await it.pending(request, 2), await it.pending(request, 9)];
    expect(Object.keys(nine.operation)).toEqual(Object.keys(two.operation));
    expect(nine.message).toBe(two.message);
  });
});

describe("a certificate for another key", () => {
  test("is waited for to change, then refused as a bad one", async () => {
    await using it = await rig();
    it.tpp.control.wrongKey();
    const error = await failureOf(it.issue());
    expect(error).toMatchObject({ code: "BAD_CERTIFICATE" });
    expect(error.message).toContain("{attempt}");
  });

  test("may be the object's older one: the right one is taken when it comes", async () => {
    await using it = await rig();
    const request = await signRequestFor();
    const first = await it.pending(request, 1);
    it.tpp.control.wrongKey();
    const other = await it.sign(request, first.operation);
    expect(other).toMatchObject({ status: "pending", message: expect.stringContaining("another key") });
    it.tpp.control.tamper(undefined);
    await it.issue(request, other.status === "pending" ? other : undefined);
  });
});

describe("find", () => {
  test("knows nothing of what was never asked", async () => {
    await using it = await rig();
    expect(await it.find(await signRequestFor())).toBeUndefined();
  });

  test("finds the certificate of a request whose answer was lost", async () => {
    await using it = await rig();
    const request = await signRequestFor();
    it.tpp.control.faults.loseAnswer({ path: "certificates/request" });
    expect(await failureOf(it.sign(request))).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    const found = await it.find(request);
    expect(found).toMatchObject({ status: "issued" });
    expect(it.orders()).toHaveLength(1);
  });

  test("finds the order of a request that is still in the making", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow" });
    const request = await signRequestFor();
    it.tpp.control.faults.loseAnswer({ path: "certificates/request" });
    await failureOf(it.sign(request));
    const found = await it.find(request);
    expect(found).toMatchObject({ status: "pending", operation: { kind: "tpp" } });
    it.tpp.control.approve();
    await it.issue(request, found?.status === "pending" ? found : undefined);
    expect(it.orders()).toHaveLength(1);
  });

  test("cannot tell where objects are shared by name", async () => {
    await using it = await rig({ zone: "Certificates\\Workflow", tpp: { objectName: "{commonName}" } });
    const request = await signRequestFor({ commonName: "www.example.com" });
    await it.sign(request);
    expect(await it.find(request)).toMatchObject({ status: "cannot-tell" });
  });
});

describe("what is sent", () => {
  let tpp: Tpp;
  beforeAll(async () => {
    tpp = await startTpp();
    const { certificateAuthority } = { certificateAuthority: { value: "\\VED\\Policy\\CA" } };
    const customFields = ["Team", "Environment", "Cost Center"].map((label) => ({ label }));
    tpp.control.setPolicy("Fields", { certificateAuthority, customFields });
  });
  afterAll(() => tpp.stop());

  test("custom fields of issuer and annotation with all their values, contacts and origin", async () => {
    const contacts = ["local:{1}"];
    await using it = connectTo(tpp, {
      zone: "\\VED\\Policy\\Fields",
      origin: "Countersign",
      tpp: {
        contacts,
        objectName: "{namespace}-{name}",
        customFields: [
          { name: "Team", values: ["web"] },
          { name: "Environment", values: ["Test"] },
        ],
        allowedCustomFields: ["Team"],
      },
    });
    const entry = (value: string) => ({ name: "Team", value });
    const annotation = JSON.stringify([entry("shop"), entry("billing")]);
    await it.issue({ annotations: { "venafi.cert-manager.io/custom-fields": annotation } });
    const object = tpp.control.object("\\VED\\Policy\\Fields\\default-test");
    expect(object).toMatchObject({ contacts, origin: "Countersign" });
    expect(Object.fromEntries(object?.customFields ?? [])).toEqual({
      Team: ["shop", "billing"],
      Environment: ["Test"],
    });
  });

  test("the CA template where the zone has none", async () => {
    await using without = connectTo(tpp, { zone: "Certificates\\No CA" });
    const error = await failureOf(without.sign());
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining("tpp.cadn") });
    await using it = connectTo(tpp, { zone: "Certificates\\No CA", tpp: { cadn: "\\VED\\Policy\\CA" } });
    await it.issue();
  });
});

import { parseCertificates } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { FakeEjbca, html, saying, status } from "./fake-ejbca-fixture.ts";
import { csrOf, enrolling, fakeCa } from "./fake-enrolment-fixture.ts";

const enrol = "POST v1/certificate/pkcs10enroll";
const existing = "POST v1/certificate/certificaterequest";
const ninetyDays = 90 * 86_400;

describe("sign", () => {
  test("enrols with the issuer's CA and profiles, and answers the chain", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url);
    const request = await signRequestFor({ namespace: "team", name: "web-1", uid: "42" });
    const { chain, conditions } = await ejbca.sign(request);
    const [leaf, root] = parseCertificates(chain);
    expect(leaf?.spkiDer).toEqual(request.parsedCsr.spkiDer);
    expect(root?.subject).toBe("CN=LabIssuingCA");
    expect(conditions).toBeUndefined();
    const call = fake.calls.at(-1);
    expect(call?.json).toEqual({
      certificate_request: request.csr,
      certificate_authority_name: "LabIssuingCA",
      certificate_profile_name: "LabTLS",
      end_entity_profile_name: "LabEEP",
      username: "team.web-1.42",
      include_chain: true,
    });
    expect(call?.headers).toMatchObject({ "x-keyfactor-requested-with": "countersign" });
    expect(Object.keys(call?.headers ?? {}).filter((name) => name.startsWith("sec-fetch"))).toEqual([]);
  });

  test("sends what the issuer knows of the end entity", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url, {
      ejbca: {
        endEntityName: "{namespace}.{certificate}",
        enrollmentCodeSecretRef: { name: "code" },
        email: "{email}",
        accountBindingId: "team-{namespace}",
        extensionData: [{ name: "1.2.3", value: "{namespace}" }],
        customData: [{ name: "ticket", value: "{uri}" }],
      },
      secrets: { enrollmentCode: "foo123\n" },
    });
    const { conditions } = await ejbca.sign({
      namespace: "team",
      annotations: { "cert-manager.io/certificate-name": "web" },
      emails: ["ops@example.com"],
    });
    expect(fake.calls.at(-1)?.json).toMatchObject({
      username: "team.web",
      password: "foo123",
      email: "ops@example.com",
      account_binding_id: "team-team",
      extension_data: [{ name: "1.2.3", value: "team" }],
      custom_data: [],
    });
    expect(conditions).toEqual([
      {
        ...{ type: "EJBCAPolicyApplied", status: "True", reason: "DataDropped" },
        message: expect.stringContaining("EJBCA 8.2.0.1 does not know extensionData"),
      },
    ]);
  });

  test("makes a new code for each end entity where it is told to", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url, { ejbca: { generateEnrollmentCode: true } });
    await ejbca.sign();
    await ejbca.sign();
    const codes = fake.calls.flatMap(({ json }) => (json.password === undefined ? [] : [json.password]));
    expect(new Set(codes).size).toBe(2);
    for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  test("asks 9.3.3 and newer for the lifetime, in the one form that is not ignored", async () => {
    await using fake = await FakeEjbca.start();
    const ca = fakeCa();
    fake.routes[enrol] = async (call) => {
      const end = Date.parse(`${String(call.json.end_time).replace(" ", "T")}Z`);
      const notBefore = Date.now() - 600_000;
      return ca.answer(await ca.sign(csrOf(call), { notBefore, seconds: (end - notBefore) / 1000 }));
    };
    fake.routes["GET v1/ca/status"] = status("9.3.3");
    await using ejbca = connectTo(fake.url);
    const { chain, conditions } = await ejbca.sign({ durationSeconds: 86_400 });
    expect(fake.calls.at(-1)?.json.end_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const [leaf] = parseCertificates(chain);
    const seconds = ((leaf?.notAfter.getTime() ?? 0) - (leaf?.notBefore.getTime() ?? 0)) / 1000;
    expect(Math.abs(seconds - 86_400)).toBeLessThanOrEqual(2);
    expect(conditions).toBeUndefined();
  });

  test.each([
    [
      "8.2.0.1",
      {},
      "EJBCA 8.2.0.1 issued for 2160 h, not for 24 h: it takes the lifetime from the certificate profile",
    ],
    ["9.3.2", {}, "EJBCA 9.3.2 issued"],
    ["9.3.3", {}, "lacks Allow Validity Override"],
    ["9.3.3", { requestDuration: false }, "requestDuration: false"],
  ])("EJBCA %s with %j: says that the lifetime is another one", async (version, more, message) => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    fake.routes["GET v1/ca/status"] = status(version);
    await using ejbca = connectTo(fake.url, { ejbca: more });
    const { conditions } = await ejbca.sign({ durationSeconds: 86_400 });
    expect(conditions).toMatchObject([
      { reason: "LifetimeDiffers", message: expect.stringContaining(message) },
    ]);
    const asked = fake.calls.at(-1)?.json.end_time !== undefined;
    expect(asked).toBe(version === "9.3.3" && !("requestDuration" in more));
  });

  test("asks no server for a lifetime whose version is not told", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    fake.routes["GET v1/ca/status"] = html(403, "no");
    await using ejbca = connectTo(fake.url);
    await ejbca.sign({ durationSeconds: ninetyDays });
    expect(fake.calls.at(-1)?.json).not.toHaveProperty("end_time");
  });

  test("asks for the version once, for many requests", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url);
    for (let at = 0; at < 5; at += 1) await ejbca.sign();
    expect(fake.count("GET v1/ca/status")).toBe(1);
    expect(fake.count(enrol)).toBe(5);
  });

  test("has an existing end entity's certificate issued with its code", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url, {
      ejbca: { mode: "existingEndEntity", endEntityName: "web", enrollmentCodeSecretRef: { name: "code" } },
      secrets: { enrollmentCode: "foo123" },
    });
    const request = await signRequestFor();
    await ejbca.sign(request);
    expect(fake.calls.at(-1)).toMatchObject({ path: "v1/certificate/certificaterequest" });
    expect(fake.calls.at(-1)?.json).toEqual({
      certificate_request: request.csr,
      certificate_authority_name: "LabIssuingCA",
      username: "web",
      password: "foo123",
      include_chain: true,
    });
  });

  test("has the chain sent where an answer lacks it", async () => {
    await using fake = await FakeEjbca.start();
    const ca = fakeCa();
    fake.routes[enrol] = async (call) => {
      const { status: code, body } = ca.answer(await ca.sign(csrOf(call)));
      return { status: code, body: { ...body, certificate_chain: undefined } };
    };
    fake.routes["GET v1/ca/CN%3DLabIssuingCA/certificate/download"] = { body: ca.certificate.pem };
    await using ejbca = connectTo(fake.url);
    expect(parseCertificates((await ejbca.sign()).chain)).toHaveLength(2);
    fake.routes["GET v1/ca/CN%3DLabIssuingCA/certificate/download"] = html(403, "no");
    expect(parseCertificates((await ejbca.sign()).chain)).toHaveLength(1);
    // Whatever happens then, a certificate has been issued.
    for (const trouble of [html(404, "404 - Not Found"), saying(403, "x"), saying(500, "General failure.")]) {
      fake.routes["GET v1/ca"] = trouble;
      expect(await failureOf(ejbca.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    }
  });

  test("a version that cannot be had now holds nobody up", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    fake.routes["GET v1/ca/status"] = "reset";
    await using ejbca = connectTo(fake.url);
    await ejbca.sign();
    expect(fake.count(enrol)).toBe(1);
  });

  test.each([
    ["no certificate", { status: 201, body: {} }],
    ["null", { status: 201, body: { certificate: null } }],
    ["no base64", { status: 201, body: { certificate: "*" } }],
    ["HTML", { status: 200, body: "<html>login</html>" }],
    ["a wait for approval", { status: 202, body: { status_code: 202, info_message: "waiting" } }],
  ])("takes %s for a certificate that may have been issued", async (_, answer) => {
    await using fake = await FakeEjbca.start();
    fake.routes[enrol] = answer;
    await using ejbca = connectTo(fake.url);
    const error = await failureOf(ejbca.sign());
    expect(["RETRYABLE", "BAD_CERTIFICATE"]).toContain((error as { code?: string }).code);
    expect((error as { issuedNothing?: boolean }).issuedNothing ?? false).toBe(false);
  });

  test("does not send again what broke on its way", async () => {
    await using fake = await FakeEjbca.start();
    fake.routes[enrol] = "reset";
    await using ejbca = connectTo(fake.url);
    expect(await failureOf(ejbca.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(fake.count(enrol)).toBe(1);
  });

  test("rejects with the caller's reason when it is aborted", async () => {
    await using fake = await FakeEjbca.start();
    fake.routes[enrol] = "hang";
    await using ejbca = connectTo(fake.url);
    const abort = new AbortController();
    const call = ejbca.sign({}, abort.signal);
    await expect.poll(() => fake.count(enrol)).toBe(1);
    abort.abort(new Error("stop"));
    await expect(call).rejects.toThrow("stop");
  });

  test("a general failure fails a request only when others are issued meanwhile", async () => {
    await using fake = await FakeEjbca.start();
    const ca = fakeCa();
    fake.routes[enrol] = async (call) =>
      String(call.json.username).endsWith("bad")
        ? saying(500, "General failure.")
        : ca.answer(await ca.sign(csrOf(call)));
    await using ejbca = connectTo(fake.url);
    const bad = await signRequestFor({ uid: "bad" });
    for (let at = 0; at < 8; at += 1)
      expect(await failureOf(ejbca.sign(bad))).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    await ejbca.sign();
    const error = await failureOf(ejbca.sign(bad));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("again and again");
  });
});

describe("what was issued otherwise than asked", () => {
  test("fails a request whose URI was rewritten, once and for all", async () => {
    await using fake = await FakeEjbca.start();
    const ca = fakeCa();
    const other = await signRequestFor({ uris: ["spiffe://x/b/c=d"] });
    const request = await signRequestFor({ uris: ["spiffe://x/b?c=d"] });
    fake.routes[enrol] = async () => {
      const csr = { ...other.parsedCsr, ...keyOf(request.parsedCsr) };
      return ca.answer(await ca.sign(csr as typeof other.parsedCsr));
    };
    await using ejbca = connectTo(fake.url);
    const error = await failureOf(ejbca.sign(request));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("by a slash");
  });

  test("fails a request for a CA certificate that the profile does not issue", async () => {
    await using fake = await FakeEjbca.start();
    enrolling(fake);
    await using ejbca = connectTo(fake.url);
    const error = await failureOf(ejbca.sign({ isCA: true, usages: ["cert sign"] }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("Unset isCA");
  });

  test("fails a request of which an existing end entity has other names", async () => {
    await using fake = await FakeEjbca.start();
    const ca = fakeCa();
    const registered = await signRequestFor({ dnsNames: ["registered.example.com"] });
    const request = await signRequestFor({ dnsNames: ["asked.example.com"] });
    fake.routes[existing] = async () =>
      ca.answer(
        await ca.sign({ ...registered.parsedCsr, ...keyOf(request.parsedCsr) } as typeof request.parsedCsr),
      );
    await using ejbca = connectTo(fake.url, {
      ejbca: { mode: "existingEndEntity", endEntityName: "web", enrollmentCodeSecretRef: { name: "code" } },
      secrets: { enrollmentCode: "foo123" },
    });
    const error = await failureOf(ejbca.sign(request));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("registration");
  });
});

/** Of a CSR, what says whose key it is. */
function keyOf({ spkiDer, publicKey }: Awaited<ReturnType<typeof signRequestFor>>["parsedCsr"]) {
  return { spkiDer, publicKey };
}

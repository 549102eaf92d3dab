import { X509Certificate } from "node:crypto";
import { Agent, request } from "node:https";
import { buildCsr, newPrivateKey, parseCertificate } from "@countersign/issuer-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { callEjbca, enrolment, searchFor } from "./call-ejbca.ts";
import { type Ejbca, type EjbcaOptions, startEjbca } from "./start-ejbca.ts";

let ejbca: Ejbca;

async function start(options?: EjbcaOptions): Promise<void> {
  ejbca = await startEjbca(options);
}
afterEach(async () => {
  await ejbca.stop();
  expect(ejbca.defects).toEqual([]);
});

const path = "/v1/certificate/pkcs10enroll";
const hour = 3_600_000;
const day = 24 * hour;

async function enrol(username: string, fields: Readonly<Record<string, unknown>> = {}) {
  const body = await enrolment(username, fields);
  const { json, text, status } = await callEjbca(ejbca, { path, client: ejbca.clients.superadmin, body });
  if (status !== 201) throw new Error(text);
  return new X509Certificate(Buffer.from(`${json.certificate}`, "base64"));
}

async function csrOf(options: Partial<Parameters<typeof buildCsr>[0]>) {
  return {
    certificate_request: await buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), ...options }),
  };
}

describe("what the EJBCA simulator issues", () => {
  test("begins ten minutes ago and lasts as long as the profile says, less a second", async () => {
    await start();
    const { validFromDate, validToDate } = await enrol("life");
    expect(validToDate.getTime() - validFromDate.getTime()).toBe(90 * day - 1000);
    expect(Date.now() - validFromDate.getTime()).toBeGreaterThanOrEqual(600_000);
  });

  test("ends with its CA, without a word", async () => {
    await start();
    const { validToDate } = await enrol("short", {
      certificate_authority_name: "LabShortCA",
      end_entity_profile_name: "LabEEP",
    });
    expect(validToDate).toEqual(ejbca.authority("LabShortCA").current.certificate.notAfter);
  });

  test("has the subject in EJBCA's order, without empty values, with some characters replaced", async () => {
    await start();
    const subject = [
      { type: "C", value: "SE" },
      { type: "O", value: "A; B" },
      { type: "OU", value: "Unit" },
      { type: "CN", value: "" },
    ];
    const { subject: issued } = await enrol(
      "order",
      await csrOf({ subject, dnsNames: ["order.lab.example"] }),
    );
    expect(issued).toBe("OU=Unit\nO=A/ B\nC=SE");
  });

  test("has other URIs than were asked for", async () => {
    await start();
    const uris = ["https://lab.example/a,b?c=d&e=%2C"];
    const { raw } = await enrol("uri", await csrOf({ commonName: "uri", uris }));
    expect(parseCertificate(raw).names.uri).toEqual(["https://lab.example/a,b/c=d&e=/2C"]);
  });

  test("has no critical names, also without a subject", async () => {
    await start();
    const { raw } = await enrol("empty", await csrOf({ dnsNames: ["empty.lab.example"] }));
    const { subject, extensions } = parseCertificate(raw);
    expect(subject).toBe("");
    expect(extensions.find(({ oid }) => oid === "2.5.29.17")?.critical).toBe(false);
  });

  test("is under another username than was asked for", async () => {
    await start();
    await enrol(" odd;%<name>|'\t ", await csrOf({ commonName: "odd" }));
    expect(ejbca.ledger.entries.map(({ username }) => username)).toEqual(["odd///name/|'"]);
  });

  test("takes over the end entity of whomever it names", async () => {
    await start();
    const body = await enrolment("superadmin");
    const answer = await callEjbca(ejbca, { path, client: ejbca.clients.issuer, body });
    expect(answer.status).toBe(201);
    expect(ejbca.endEntities.get("superadmin")).toMatchObject({
      endEntityProfile: "LabEEP-OneCA",
      status: "GENERATED",
    });
  });

  test("revokes the one before where the profile keeps one active", async () => {
    await start();
    const single = { certificate_profile_name: "LabTLS-SingleActive" };
    for (const _ of [1, 2]) await enrol("single", single);
    const { json } = await callEjbca(ejbca, {
      path: "/v1/certificate/search",
      client: ejbca.clients.superadmin,
      body: {
        ...searchFor("single"),
        criteria: [
          ...(searchFor("single").criteria as []),
          { property: "STATUS", value: "CERT_ACTIVE", operation: "EQUAL" },
        ],
      },
    });
    expect(json.certificates).toEqual([
      expect.objectContaining({ serial_number: ejbca.ledger.entries[1]?.serial }),
    ]);
  });

  test("is nothing where the body was cut", async () => {
    await start();
    const { cert, key } = ejbca.clients.issuer;
    const payload = JSON.stringify(await enrolment("cut"));
    const headers = { "content-type": "application/json", "content-length": String(payload.length) };
    const sent = request(ejbca.url + path, { method: "POST", ca: ejbca.tlsCaPem, cert, key, headers });
    sent.on("error", () => {});
    sent.write(payload.slice(0, -20));
    await vi.waitFor(() => expect(sent.writableLength).toBe(0));
    sent.destroy();
    expect((await callEjbca(ejbca, { path: "/v1/ca/status" })).status).toBe(200);
    expect(ejbca.ledger.entries).toEqual([]);
  });
});

describe("the end of a certificate in the EJBCA simulator", () => {
  const text = (time: Date) => time.toISOString().slice(0, 19).replace("T", " ");
  const inThreeDays = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 3 * day);
  const override = "LabTLS-ValidityOverride";

  test.each([
    ["EJBCA 9.3.3 Enterprise", override, (time: Date) => text(time), true],
    ["EJBCA 10.0.0 Enterprise", override, (time: Date) => text(time), true],
    ["EJBCA 9.3.2 Enterprise", override, (time: Date) => text(time), false],
    ["EJBCA 8.2.0.1 Enterprise (working copy)", override, (time: Date) => text(time), false],
    ["EJBCA 9.3.3 Enterprise", "LabTLS", (time: Date) => text(time), false],
    ["EJBCA 9.3.3 Enterprise", override, (time: Date) => time.toISOString(), false],
  ])("%s with %s: honoured %4$s", async (revision, profile, spell, isHonoured) => {
    await start({ revision });
    const until = inThreeDays();
    const { validToDate } = await enrol("ends", {
      certificate_profile_name: profile,
      end_time: spell(until),
    });
    expect(validToDate.getTime() === until.getTime()).toBe(isHonoured);
  });

  test("is never later than the profile's", async () => {
    await start({ revision: "EJBCA 9.3.3" });
    const far = text(new Date(Date.now() + 900 * day));
    const { validToDate } = await enrol("far", { certificate_profile_name: override, end_time: far });
    expect(validToDate.getTime()).toBeLessThan(Date.now() + 91 * day);
  });
});

describe("connections to the EJBCA simulator", () => {
  test("are closed by it when they have been idle", async () => {
    await start({ keepAliveTimeoutMs: 1 });
    const agent = new Agent({ keepAlive: true, ca: ejbca.tlsCaPem });
    const closed = await new Promise((done, fail) => {
      request(`${ejbca.url}/v1/ca/status`, { agent }, (response) => {
        response.socket.on("close", () => done("closed"));
        response.resume();
      })
        .on("error", fail)
        .end();
    });
    expect(closed).toBe("closed");
    agent.destroy();
  });
});

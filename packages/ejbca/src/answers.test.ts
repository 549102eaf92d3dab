import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo, failureOf } from "./connect-fixture.ts";
import { type FakeAnswer, FakeEjbca, html, saying } from "./fake-ejbca-fixture.ts";
import { type AnsweredCall, recordedAnswers } from "./recorded-answers-fixture.ts";

const routes: Readonly<Record<AnsweredCall, string>> = {
  enrol: "POST v1/certificate/pkcs10enroll",
  existing: "POST v1/certificate/certificaterequest",
  list: "GET v1/ca",
  search: "POST v1/certificate/search",
};
const existing: ConnectOptions = {
  ejbca: { mode: "existingEndEntity", endEntityName: "web", enrollmentCodeSecretRef: { name: "code" } },
  secrets: { enrollmentCode: "foo123" },
};

/** What a signer makes of one answer to one call. */
async function errorFor(call: AnsweredCall, answer: FakeAnswer, options: ConnectOptions = {}) {
  await using fake = await FakeEjbca.start();
  fake.routes[routes[call]] = answer;
  await using ejbca = connectTo(fake.url, call === "existing" ? existing : options);
  const run = { enrol: ejbca.sign, existing: ejbca.sign, list: ejbca.check }[call as "enrol"];
  const error = await failureOf(call === "search" ? ejbca.find(await signRequestFor()) : run());
  return error as Error & { readonly code?: string; readonly issuedNothing?: boolean };
}

function recorded(status: number, text: string): FakeAnswer {
  return text === "" || text.startsWith("<html>") ? { status, body: text } : saying(status, text);
}

describe("what EJBCA 8.2.0.1 was seen to answer", () => {
  test.each(recordedAnswers)("$id: $call $status", async (recording) => {
    const { call, status, text, code, issuedNothing, words } = recording;
    const error = await errorFor(call, recorded(status, text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    if (issuedNothing !== undefined) expect(error.issuedNothing).toBe(issuedNothing);
    expect(error.message).not.toMatch(/[\r\n<>]/);
    expect(error.message.length).toBeLessThanOrEqual(1024);
  });

  test("nothing of it is repeated but names of fields", async () => {
    const error = await errorFor("enrol", saying(400, "Wrong number of S3CRET fields in Subject DN."));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).not.toContain("S3CRET");
  });
});

describe("what was never seen", () => {
  test.each([
    [400, "Il certificato non può essere emesso."],
    [400, "error.somethingnew, 42"],
    [400, ""],
    [418, "teapot"],
  ])("%i %j is tried again after a look, since it may be an outage", async (status, text) => {
    const error = await errorFor("enrol", saying(status, text));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(error.message).toContain("not known here");
  });

  test.each([
    [401, "ISSUER", "does not allow"],
    [413, "REQUEST_REJECTED", "too large"],
    [422, "REQUEST_REJECTED", "audit log"],
    [404, "ISSUER", "no such REST resource"],
  ])("%i with words that are not known is %s", async (status, code, words) => {
    const error = await errorFor("enrol", saying(status, "x"));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test.each([
    [429, true],
    [502, false],
    [503, false],
    [504, false],
    [404, false],
  ])("%i of a gateway may be tried again; certainly nothing issued: %s", async (status, issuedNothing) => {
    const error = await errorFor("enrol", html(status, "gateway"));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing });
  });

  test("a 503 in JSON of somebody else says nothing about what was issued", async () => {
    const error = await errorFor("enrol", { status: 503, body: { message: "upstream" } });
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
  });

  test("a 403 of a proxy is told from EJBCA's", async () => {
    const error = await errorFor("enrol", html(403, "Forbidden by WAF"));
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining("in front of EJBCA") });
  });
});

describe("an annotation that chose", () => {
  const overrides = {
    certificateAuthorityName: ["OtherCA"],
    certificateProfileName: ["OtherProfile"],
    endEntityProfileName: ["OtherEEP"],
  };
  test.each([
    [400, 'CA with name "OtherCA" doesn\'t exist', "certificateAuthorityName", "OtherCA"],
    [
      400,
      'Certificate profile with name "OtherProfile" doesn\'t exist',
      "certificateProfileName",
      "OtherProfile",
    ],
    [400, 'End Entity Profile of name "OtherEEP" was not found', "endEntityProfileName", "OtherEEP"],
    [403, "Administrator 'x' not authorized to CA OtherCA.", "certificateAuthorityName", "OtherCA"],
    [
      403,
      "Administrator not authorized to end entity profile 1. Admin: x.",
      "endEntityProfileName",
      "OtherEEP",
    ],
  ])("%i %j fails the request, and leaves the issuer ready", async (status, text, field, value) => {
    await using fake = await FakeEjbca.start();
    fake.routes[routes.enrol] = saying(status, text);
    await using ejbca = connectTo(fake.url, { ejbca: { overrides } });
    const annotations = { [`ejbca.example.com/${field}`]: value };
    expect(await failureOf(ejbca.sign({ annotations }))).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(await failureOf(ejbca.sign())).toMatchObject({ code: "ISSUER" });
  });
});

/** The recordings are beside the checkout of whoever made them; what is above is all that the tests need of them. */
const folder = join(import.meta.dirname, "../../../../shared/ejbca-transcripts");

describe.skipIf(!existsSync(folder))("the recordings themselves", () => {
  const file = existsSync(folder) ? readFileSync(join(folder, "error-messages.json"), "utf8") : "[]";
  const entries = JSON.parse(file) as readonly {
    readonly endpoint: string;
    readonly status: number;
    readonly message: string;
    readonly where: readonly string[];
  }[];

  test("hold each row that names one, word for word", () => {
    const rows = recordedAnswers.filter(({ id }) => entries.some(({ where }) => where.includes(id)));
    expect(rows.length).toBeGreaterThanOrEqual(70);
    for (const { id, status, text } of rows)
      expect(entries).toContainEqual(
        expect.objectContaining({ status, message: text, where: expect.arrayContaining([id]) }),
      );
  });

  test("hold no refused enrolment that is not in the table", () => {
    const refused = entries.filter(({ endpoint }) =>
      /^POST .*(pkcs10enroll|certificaterequest)$/.test(endpoint),
    );
    const known = new Set(recordedAnswers.map(({ status, text }) => `${status} ${text}`));
    expect(refused.filter(({ status, message }) => !known.has(`${status} ${message}`))).toEqual([]);
  });
});

import { signRequestFor } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatorAnswer } from "../../../../test/rigs/venafi/answer.ts";
import { startTpp, type Tpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import { connectTo, failureOf } from "../connect-fixture.ts";
import type { VenafiOperation } from "../operation.ts";

type Call = "check" | "policy" | "request" | "retrieve";
const error = (text: string) => ({ Error: text });
const oauth = (code: string, text: string) => ({ error: code, error_description: text });

const paths: Readonly<Record<Call, string>> = {
  check: "authorize/verify",
  policy: "certificates/checkpolicy",
  request: "certificates/request",
  retrieve: "certificates/retrieve",
};

/** Documented answers to each call, the class of each, and words of its message. */
const table: readonly (readonly [Call, SimulatorAnswer, string, string])[] = [
  // The two 401 bodies of VEDauth.
  [
    "check",
    { status: 401, json: oauth("session_error", "Invalid token format") },
    "ISSUER",
    "Invalid token format",
  ],
  ["request", { status: 401, json: oauth("invalid_token", "expired") }, "ISSUER", "is not accepted"],
  ["retrieve", { status: 401 }, "ISSUER", "is not accepted"],
  // Scope and rights.
  ["policy", { status: 403, json: oauth("insufficient_scope", "no manage") }, "ISSUER", '"no manage"'],
  ["request", { status: 403, reason: "User is not authorized" }, "ISSUER", '"User is not authorized"'],
  ["retrieve", { status: 403 }, "ISSUER", "certificate:manage"],
  ["request", { status: 404 }, "ISSUER", "there is no such API"],
  ["check", { status: 301, headers: { location: "/x" } }, "ISSUER", "final URL"],
  ["request", { status: 303, headers: { location: "/x" } }, "RETRYABLE", "final URL"],
  ["request", { status: 405 }, "ISSUER", "tpp.url"],
  // The zone.
  [
    "policy",
    { status: 400, json: error("PolicyDN: \\VED\\Policy\\X does not exist") },
    "ISSUER",
    "is not found",
  ],
  ["policy", { status: 200, json: {} }, "RETRYABLE", "without a policy"],
  ["policy", { status: 200, text: "<html>" }, "RETRYABLE", "without a policy"],
  [
    "request",
    {
      status: 400,
      json: error('PKCS#10 data will not be processed. Policy "X" is locked to a Server Generated CSR.'),
    },
    "ISSUER",
    "Unlock CSR generation",
  ],
  ["request", { status: 400, json: error("Need a certificate authority (CADN).") }, "ISSUER", "set tpp.cadn"],
  ["request", { status: 400, json: error("PolicyDN: X does not exist") }, "ISSUER", "Correct zone"],
  ["request", { status: 400, json: error("You do not have sufficient rights") }, "ISSUER", "rights to"],
  // What one request asks for.
  [
    "request",
    {
      status: 400,
      json: error("Custom Field error. The value for the mandatory Custom Field X is not set."),
    },
    "REQUEST_REJECTED",
    "The value for the mandatory Custom Field X is not set.",
  ],
  [
    "request",
    { status: 400, json: error("The domain is not whitelisted.") },
    "REQUEST_REJECTED",
    "The domain is not whitelisted.",
  ],
  ["request", { status: 400, reason: "PKCS10 error. Bad" }, "REQUEST_REJECTED", '"PKCS10 error. Bad"'],
  ["request", { status: 400 }, "REQUEST_REJECTED", "does not take the request"],
  ["request", { status: 400, json: error("Certificate is being processed") }, "RETRYABLE", "tried again"],
  ["request", { status: 200, json: {} }, "RETRYABLE", "without naming an object"],
  ["request", { status: 202, text: "?" }, "RETRYABLE", "without naming an object"],
  // The server itself.
  ["request", { status: 429, headers: { "retry-after": "7" } }, "RETRYABLE", "rate limit"],
  ["check", { status: 408 }, "RETRYABLE", "answered 408"],
  ["request", { status: 500, json: error("Internal error") }, "RETRYABLE", '"Internal error"'],
  ["request", { status: 503 }, "RETRYABLE", "answered 503"],
  ["retrieve", { status: 500 }, "RETRYABLE", "answered 500"],
  ["retrieve", { status: 400, json: error("Format error.") }, "RETRYABLE", '"Format error."'],
  ["retrieve", { status: 418 }, "RETRYABLE", "not known here"],
  ["retrieve", { status: 200, json: {} }, "BAD_CERTIFICATE", "no certificate"],
  ["retrieve", { status: 200, json: { CertificateData: "AAAA" } }, "BAD_CERTIFICATE", "PEM"],
  [
    "retrieve",
    { status: 500, json: { Stage: 600, Status: "Rejected by the approver" } },
    "REQUEST_REJECTED",
    "Rejected by the approver",
  ],
];

describe("statuses of TPP", () => {
  let tpp: Tpp;
  beforeAll(async () => {
    tpp = await startTpp();
  });
  afterAll(() => tpp.stop());

  test.each(table)("%s, answered %j: %s", async (call, answer, code, words) => {
    tpp.control.faults.calm();
    // A login anew is refused as well.
    await using it = connectTo(tpp);
    const request = await signRequestFor();
    const operation: VenafiOperation = {
      kind: "tpp",
      dn: "\\VED\\Policy\\Open\\x",
      requestedAt: 0,
      resets: 0,
    };
    tpp.control.faults.failNext(answer, { path: paths[call], times: Number.POSITIVE_INFINITY });
    const failed = await failureOf(
      call === "check" ? it.check() : it.sign(request, call === "retrieve" ? operation : undefined),
    );
    expect({ code: failed.code, message: failed.message }).toEqual({
      code,
      message: expect.stringContaining(words),
    });
    expect(failed.message.length).toBeLessThanOrEqual(1024);
    expect(failed.message).not.toMatch(/[\r\n]|html/);
  });

  test("a credential that TPP repeats is not shown", async () => {
    const accessToken = "the-access-token";
    for (const answer of [
      { status: 401, json: oauth("invalid_token", `no ${accessToken}`) },
      { status: 403, reason: `no ${accessToken}` },
      { status: 500, json: { Stage: 500, Status: `no ${accessToken}`, Error: accessToken } },
      { status: 200, json: { scope: `x ${accessToken}` } },
    ]) {
      tpp.control.faults.calm();
      tpp.control.faults.failNext(answer, { times: Number.POSITIVE_INFINITY });
      await using it = connectTo(tpp, { secrets: { accessToken } });
      const operation = { kind: "tpp", dn: "x", requestedAt: 0, resets: 9 } as const;
      const ends = [await failureOf(it.check()), await failureOf(it.sign({}, operation))];
      for (const { message } of ends) expect(message).not.toContain(accessToken);
      expect(ends.some(({ message }) => message.includes("[redacted]"))).toBe(true);
    }
    tpp.control.faults.calm();
    tpp.control.faults.failNext(
      { status: 400, json: oauth("invalid_grant", "issuer-password is wrong") },
      { path: "authorize/oauth" },
    );
    await using it = connectTo(tpp);
    expect((await failureOf(it.check())).message).toContain('"[redacted] is wrong"');
  });

  test("a request that may have been carried out says so, one that was refused does not", async () => {
    for (const [answer, issuedNothing] of [
      [{ status: 500 }, false],
      [{ status: 502 }, false],
      [{ status: 303 }, false],
      [{ status: 202, json: {} }, false],
      [{ status: 429 }, true],
    ] as const) {
      tpp.control.faults.calm();
      await using it = connectTo(tpp);
      tpp.control.faults.failNext(answer, { path: paths.request });
      expect(await failureOf(it.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing });
    }
  });

  test("a rate limit opens no circuit, and its wait is kept to", async () => {
    tpp.control.faults.calm();
    await using it = connectTo(tpp);
    tpp.control.faults.rateLimitNext(3, { path: paths.request, times: 12 });
    for (let call = 0; call < 12; call += 1)
      expect(await failureOf(it.sign())).toMatchObject({ code: "RETRYABLE", retryAfterMs: 3_000 });
    await it.sign();
  });

  test("a policy that changed is read again after a refusal", async () => {
    await using it = connectTo(tpp, { zone: "Moving" });
    const certificateAuthority = { value: "\\VED\\Policy\\CA" };
    tpp.control.setPolicy("Moving", { certificateAuthority });
    await it.sign({ dnsNames: ["www.example.net"] });
    tpp.control.setPolicy("Moving", { certificateAuthority, domains: ["example.com"] });
    const first = await failureOf(it.sign({ dnsNames: ["www.example.net"] }));
    expect(first).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(first.message).toContain("TPP at 127.0.0.1");
    const second = await failureOf(it.sign({ dnsNames: ["www.example.net"] }));
    expect(second.message).toContain('"www.example.net" is in none of the allowed domains');
  });

  test("a policy that was opened lets the next request pass at once", async () => {
    await using it = connectTo(tpp, { zone: "Opening" });
    const certificateAuthority = { value: "\\VED\\Policy\\CA" };
    tpp.control.setPolicy("Opening", { certificateAuthority, domains: ["example.com"] });
    expect(await failureOf(it.sign({ dnsNames: ["www.example.net"] }))).toMatchObject({
      code: "REQUEST_REJECTED",
    });
    tpp.control.setPolicy("Opening", { certificateAuthority });
    expect(await it.sign({ dnsNames: ["www.example.net"] })).toMatchObject({ status: "pending" });
  });

  test("a zone that takes no CSR is the issuer's trouble before a request meets it", async () => {
    await using it = connectTo(tpp, { zone: "Certificates\\Server Keys" });
    expect(await failureOf(it.check())).toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining("locked to CSRs that TPP makes"),
    });
    await using other = connectTo(tpp, {
      zone: "Certificates\\Strict",
      tpp: { cadn: "\\VED\\Policy\\Other" },
    });
    expect((await failureOf(other.check())).message).toContain("Remove tpp.cadn");
    await using missing = connectTo(tpp, { zone: "Nowhere" });
    expect((await failureOf(missing.check())).message).toContain(
      'zone "\\VED\\Policy\\Nowhere" is not found. It said "PolicyDN: \\VED\\Policy\\Nowhere does not exist"',
    );
  });
});

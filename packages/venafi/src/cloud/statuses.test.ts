import { signRequestFor } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatorAnswer } from "../../../../test/rigs/venafi/answer.ts";
import { startVenafiCloud, type VenafiCloud } from "../../../../test/rigs/venafi/start-venafi-cloud.ts";
import { connectTo, failureOf } from "../connect-fixture.ts";
import type { VenafiOperation } from "../operation.ts";

type Call = "check" | "application" | "template" | "order" | "look" | "contents";
const errors = (code: number, message: string) => ({ errors: [{ code, message, args: [] }] });

const paths: Readonly<Record<Call, string>> = {
  check: "/v1/useraccounts",
  application: "/applications/name/",
  template: "/certificateissuingtemplates/",
  order: "/certificaterequests",
  look: "/certificaterequests/",
  contents: "/contents",
};

/** Documented answers to each call, the class of each, and words of its message. */
const table: readonly (readonly [Call, SimulatorAnswer, string, string])[] = [
  [
    "check",
    { status: 412, json: errors(10501, "Unable to find api key") },
    "ISSUER",
    "Store a valid API key",
  ],
  ["check", { status: 401 }, "ISSUER", "Store a valid API key"],
  ["look", { status: 401, json: { message: "Unauthorized" } }, "ISSUER", '"Unauthorized"'],
  ["order", { status: 403, json: { message: "Forbidden" } }, "ISSUER", "the right to issue"],
  ["application", { status: 404, json: errors(10051, "no application") }, "ISSUER", "Correct zone"],
  ["application", { status: 400, json: errors(10051, "no application") }, "ISSUER", "Correct zone"],
  ["application", { status: 200, json: {} }, "RETRYABLE", "no application or template"],
  ["template", { status: 404, json: errors(10051, "no template") }, "ISSUER", '"no template"'],
  ["template", { status: 200, text: "<html>" }, "RETRYABLE", "no application or template"],
  ["order", { status: 400, json: errors(10702, "bad CSR") }, "REQUEST_REJECTED", '"bad CSR"'],
  ["order", { status: 400, json: errors(10803, "bad zone") }, "ISSUER", "are still there"],
  ["order", { status: 400, json: errors(10051, "gone") }, "ISSUER", "are still there"],
  ["order", { status: 404 }, "ISSUER", "are still there"],
  ["order", { status: 400, json: errors(1, "CN does not match") }, "REQUEST_REJECTED", '"CN does not match"'],
  ["order", { status: 412, json: errors(10771, "CN must match") }, "REQUEST_REJECTED", '"CN must match"'],
  ["order", { status: 412, json: errors(10501, "no key") }, "ISSUER", "Store a valid API key"],
  ["order", { status: 422 }, "REQUEST_REJECTED", "does not take the request"],
  ["order", { status: 409, json: errors(1, "busy") }, "RETRYABLE", "tried again"],
  ["order", { status: 201, json: { certificateRequests: [] } }, "RETRYABLE", "without its id"],
  ["order", { status: 201, text: "ok" }, "RETRYABLE", "without its id"],
  ["order", { status: 429, headers: { "retry-after": "7" } }, "RETRYABLE", "rate limit"],
  ["order", { status: 500 }, "RETRYABLE", "answered 500"],
  ["order", { status: 502, text: "<html>" }, "RETRYABLE", "answered 502"],
  ["order", { status: 302, headers: { location: "/login" } }, "ISSUER", "final URL"],
  ["look", { status: 503 }, "RETRYABLE", "answered 503"],
  ["look", { status: 418 }, "RETRYABLE", "not known here"],
  ["look", { status: 200, json: { status: "REJECTED" } }, "REQUEST_REJECTED", "rejected"],
  ["look", { status: 200, json: { status: "CANCELLED" } }, "REQUEST_REJECTED", "cancelled"],
  ["look", { status: 200, json: { status: "REJECTED_APPROVAL" } }, "REQUEST_REJECTED", "rejected"],
  [
    "look",
    {
      status: 200,
      json: { status: "FAILED", errorInformation: { type: "CA", code: 1, message: "CA is down" } },
    },
    "REQUEST_REJECTED",
    '"CA is down"',
  ],
  ["contents", { status: 500 }, "RETRYABLE", "answered 500"],
  ["contents", { status: 429 }, "RETRYABLE", "rate limit"],
];

/** Statuses of an order in which nothing is decided. */
const undecided = ["NEW", "PENDING", "REQUESTED", "PENDING_APPROVAL", "SOMETHING_NEW", ""];

describe("statuses of the SaaS", () => {
  let cloud: VenafiCloud;
  let operation: VenafiOperation;
  beforeAll(async () => {
    cloud = await startVenafiCloud();
    await using it = connectTo(cloud);
    operation = (await it.pending(await signRequestFor(), 1)).operation;
  });
  afterAll(() => cloud.stop());

  test.each(table)("%s, answered %j: %s", async (call, answer, code, words) => {
    cloud.control.faults.calm();
    await using it = connectTo(cloud);
    cloud.control.faults.failNext(answer, { path: paths[call], times: Number.POSITIVE_INFINITY });
    const isLook = call === "look" || call === "contents";
    const failed = await failureOf(
      call === "check" ? it.check() : it.sign({}, isLook ? operation : undefined),
    );
    expect({ code: failed.code, message: failed.message }).toEqual({
      code,
      message: expect.stringContaining(words),
    });
    expect(failed.message.length).toBeLessThanOrEqual(1024);
    expect(failed.message).not.toMatch(/[\r\n]|html/);
  });

  test("an API key that the SaaS repeats is not shown", async () => {
    cloud.control.faults.calm();
    const { apiKey } = cloud.credentials;
    cloud.control.faults.failNext(
      { status: 412, json: errors(10501, `no key ${apiKey}`) },
      { path: paths.check },
    );
    await using it = connectTo(cloud);
    expect((await failureOf(it.check())).message).toContain('"no key [redacted]"');
  });

  test.each(undecided)("an order that is %j is waited for", async (status) => {
    cloud.control.faults.calm();
    await using it = connectTo(cloud);
    cloud.control.faults.failNext({ status: 200, json: { status } }, { path: paths.look });
    expect(await it.sign({}, operation)).toMatchObject({ status: "pending", operation });
  });

  test("contents that are no certificate are for the SDK to refuse", async () => {
    cloud.control.faults.calm();
    await using it = connectTo(cloud);
    cloud.control.faults.failNext({ status: 200, text: "<html>" }, { path: paths.contents });
    expect(await it.sign({}, operation)).toMatchObject({ status: "issued", chain: "<html>" });
  });

  test("an order that may have been taken says so", async () => {
    for (const [answer, issuedNothing] of [
      [{ status: 500 }, false],
      [{ status: 201, json: {} }, false],
      [{ status: 429 }, true],
      [{ status: 409 }, true],
    ] as const) {
      cloud.control.faults.calm();
      await using it = connectTo(cloud);
      cloud.control.faults.failNext(answer, { path: paths.order });
      expect(await failureOf(it.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing });
    }
  });
});

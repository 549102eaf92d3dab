import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { type FakeAnswer, FakeEjbca, html, saying } from "./fake-ejbca-fixture.ts";
import { enrolling } from "./fake-enrolment-fixture.ts";

const enrol = "POST v1/certificate/pkcs10enroll";

describe("several nodes", () => {
  test.each<[string, FakeAnswer]>([
    ["restarts", html(404, "404 - Not Found")],
    ["is suspended", html(503, "503 - Service Unavailable")],
    ["has its crypto token off", saying(400, "CA token is offline for CA 'CN=x'.")],
    ["has too many requests", { status: 429 }],
  ])("another one issues where one %s, and the next call begins there", async (_, answer) => {
    await using one = await FakeEjbca.start();
    await using two = await FakeEjbca.start();
    one.routes[enrol] = answer;
    enrolling(two);
    await using ejbca = connectTo([one.url, two.url]);
    await ejbca.sign();
    await ejbca.sign();
    expect([one.count(enrol), two.count(enrol)]).toEqual([1, 2]);
  });

  test("another one issues where one is not reached", async () => {
    await using two = await FakeEjbca.start();
    enrolling(two);
    await using ejbca = connectTo(["http://127.0.0.1:1", two.url]);
    await ejbca.sign();
    expect(two.count(enrol)).toBe(1);
  });

  test.each<[string, FakeAnswer | "reset"]>([
    ["broke off", "reset"],
    ["answered 502", html(502, "x")],
    ["answered 500 in HTML", html(500, "500 - Internal Server Error")],
  ])("no other one is asked to issue where one %s: it may have issued", async (_, answer) => {
    await using one = await FakeEjbca.start();
    await using two = await FakeEjbca.start();
    one.routes[enrol] = answer;
    enrolling(two);
    await using ejbca = connectTo([one.url, two.url]);
    expect(await failureOf(ejbca.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(two.count(enrol)).toBe(0);
  });

  test.each([
    saying(400, "signsession.canotactive, CN=x"),
    saying(400, "POPO verification failed."),
    saying(500, "General failure."),
  ])("no other one is asked about what they share: %j", async (answer) => {
    await using one = await FakeEjbca.start();
    await using two = await FakeEjbca.start();
    one.routes[enrol] = answer;
    await using ejbca = connectTo([one.url, two.url]);
    for (let at = 0; at < 8; at += 1) await failureOf(ejbca.sign());
    expect([one.count(enrol), two.count(enrol)]).toEqual([8, 0]);
  });
});

import { IssuerError, RequestRejected } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { EnrolmentTrouble } from "./enrolment-trouble.ts";
import { FakeEjbca, saying } from "./fake-ejbca-fixture.ts";
import { enrolling } from "./fake-enrolment-fixture.ts";

const enrol = "POST v1/certificate/pkcs10enroll";
const denied = saying(
  403,
  "Administrator is not authorized to resource /ca_functionality/create_certificate. Msg: .",
);

function fixture() {
  const world = { now: 0 };
  const trouble = new EnrolmentTrouble({ monotonic: () => world.now });
  const isOver = () => {
    try {
      trouble.assertOver();
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "ISSUER", message: "no right" });
      return false;
    }
  };
  return { world, trouble, isOver };
}

describe("trouble that only an enrolment sees", () => {
  test("lasts 5 s at first, then twice as long each time, up to a minute", () => {
    const { world, trouble, isOver } = fixture();
    const waits: number[] = [];
    for (let failures = 0; failures < 6; failures += 1) {
      trouble.note(new IssuerError("no right"));
      const since = world.now;
      while (!isOver()) world.now += 100;
      waits.push((world.now - since) / 1000);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
  });

  test("is one for all the calls that ran side by side, and gone once a certificate is issued", () => {
    const { world, trouble, isOver } = fixture();
    for (let calls = 0; calls < 16; calls += 1) trouble.note(new IssuerError("no right"));
    world.now = 5_000;
    expect(isOver()).toBe(true);
    trouble.note(new IssuerError("no right"));
    trouble.clear();
    expect(isOver()).toBe(true);
    trouble.note(new IssuerError("no right"));
    world.now += 5_000;
    expect(isOver()).toBe(true);
  });

  test("is nothing that is about a request", () => {
    const { trouble, isOver } = fixture();
    trouble.note(new RequestRejected("no"));
    trouble.note(new Error("no"));
    expect(isOver()).toBe(true);
  });

  test("is what the check says, until another enrolment is granted", async () => {
    await using fake = await FakeEjbca.start();
    fake.routes[enrol] = denied;
    await using ejbca = connectTo(fake.url);
    await ejbca.check();
    await failureOf(ejbca.sign());
    for (let calls = 0; calls < 5; calls += 1)
      expect((await failureOf(ejbca.check())).message).toContain("create_certificate");
    expect(fake.count(enrol)).toBe(1);
    enrolling(fake);
    await ejbca.sign();
    await ejbca.check();
  });
});

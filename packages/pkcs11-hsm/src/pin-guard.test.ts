import { expect, test } from "vitest";
import { HsmFault } from "./hsm-fault.ts";
import { PinGuard } from "./pin-guard.ts";

const fault = new HsmFault("pin", "refused", 0xa0);

test("remembers a PIN for a token, and neither the other token's nor another PIN", () => {
  const guard = new PinGuard();
  guard.note("a", "1234", "uid", fault);
  expect(guard.refusal("a", "1234")).toBe(fault);
  expect(guard.refusal("b", "1234")).toBeUndefined();
  expect(guard.refusal("a", "12345")).toBeUndefined();
});

test("forgets what one issuer noted when that issuer changes, and nothing else", () => {
  const guard = new PinGuard();
  guard.note("a", "1", "one", fault);
  guard.note("a", "2", "two", fault);
  guard.forget("one");
  expect([guard.refusal("a", "1"), guard.refusal("a", "2")]).toEqual([undefined, fault]);
});

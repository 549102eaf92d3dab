import { expect, test } from "vitest";
import { CredentialGuard } from "./credential-guard.ts";

const fault = new Error("refused");

test("remembers a credential for a place, and neither the other place's nor another credential", () => {
  const guard = new CredentialGuard<Error>();
  guard.note("a", "1234", "uid", fault);
  expect(guard.refusal("a", "1234")).toBe(fault);
  expect(guard.refusal("b", "1234")).toBeUndefined();
  expect(guard.refusal("a", "12345")).toBeUndefined();
});

test("forgets what one issuer noted when that issuer changes, and nothing else", () => {
  const guard = new CredentialGuard<Error>();
  guard.note("a", "1", "one", fault);
  guard.note("a", "2", "two", fault);
  guard.forget("one");
  expect([guard.refusal("a", "1"), guard.refusal("a", "2")]).toEqual([undefined, fault]);
});

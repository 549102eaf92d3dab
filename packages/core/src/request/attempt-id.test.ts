import { expect, test } from "vitest";
import { attemptId } from "./attempt-id.ts";

const csr = Buffer.from("csr");

test("is the same for the same request and differs with uid or CSR", () => {
  const id = attemptId("uid-1", csr);
  expect(attemptId("uid-1", Buffer.from("csr"))).toBe(id);
  expect(attemptId("uid-2", csr)).not.toBe(id);
  expect(attemptId("uid-1", Buffer.from("csR"))).not.toBe(id);
});

test("is a DNS label of 36 characters that encodes the digest as RFC 4648 base32", () => {
  expect(attemptId("uid-1", csr)).toMatch(/^[a-z2-7]{36}$/);
});

test("does not confuse uid and CSR bytes", () => {
  expect(attemptId("ab", Buffer.from("c"))).not.toBe(attemptId("a", Buffer.from("bc")));
});

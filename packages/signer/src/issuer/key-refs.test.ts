import { expect, test } from "vitest";
import { asBytes } from "./key-refs.ts";

test("asBytes asks for bytes, of an optional key too, and leaves out what is not named", () => {
  expect(asBytes({ name: "s", key: "keytab" })).toEqual({ name: "s", key: "keytab", bytes: true });
  expect(asBytes({ name: "s", key: "k", optional: true })).toEqual({
    name: "s",
    key: "k",
    optional: true,
    bytes: true,
  });
  expect(asBytes(undefined)).toBeUndefined();
});

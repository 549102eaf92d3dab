import { expect, test } from "vitest";
import { authMount } from "./mount-path.ts";

test.each([
  ["kubernetes"],
  ["/kubernetes/"],
  ["auth/kubernetes"],
  ["/auth/kubernetes"],
  ["v1/auth/kubernetes"],
  ["/v1/auth/kubernetes"],
  ["/v1/auth/kubernetes/"],
  [" /v1/auth/kubernetes\n"],
])("reads %j", (given) => {
  expect(authMount(given)).toBe("auth/kubernetes");
});

test("keeps the parts of a deeper mount", () => {
  expect(authMount("/v1/auth/clusters/east")).toBe("auth/clusters/east");
});

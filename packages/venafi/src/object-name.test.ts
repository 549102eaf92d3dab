import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { defaultObjectName, isUniqueToRequest, objectName, objectNamePattern } from "./object-name.ts";

describe("objectName", () => {
  test("is the same for every attempt of a request, and another for another request", async () => {
    const request = await signRequestFor({ commonName: "www.example.com" });
    expect(objectName(defaultObjectName, request, "a1")).toBe("www.example.com a1");
    expect(objectName(defaultObjectName, request, "a1")).not.toBe(
      objectName(defaultObjectName, request, "a2"),
    );
  });

  test.each([
    [{ commonName: "cn", dnsNames: ["d.example"] }, "cn"],
    [{ dnsNames: ["d.example"] }, "d.example"],
    [{ dnsNames: [], uris: ["spiffe://a/b"] }, "spiffe---a-b"],
    [{ dnsNames: [], emails: ["me@example.com"] }, "me@example.com"],
    [{ dnsNames: [], ipAddresses: ["10.0.0.1"] }, "10.0.0.1"],
  ])("names a request without a common name by its first other name: %j", async (names, name) => {
    expect(objectName("{commonName}", await signRequestFor(names), "a")).toBe(name);
  });

  test("puts in what a template asks for, and nothing that could be a folder", async () => {
    const request = await signRequestFor({
      commonName: "a\\b/c",
      namespace: "team",
      name: "web-1",
      uid: "u1",
    });
    expect(objectName("{namespace} {name} {uid} {attempt} {commonName}", request, "x")).toBe(
      "team web-1 u1 x a-b-c",
    );
    const long = await signRequestFor({ namespace: "n".repeat(300) });
    expect(objectName("{namespace}{namespace}{namespace}", long, "x").length).toBeLessThanOrEqual(255);
  });

  test.each([
    [defaultObjectName, true],
    ["k8s {namespace}-{name}", true],
    ["{nobody}", false],
    ["a\\b", false],
    ["a/b", false],
    ["", false],
  ])("the template %j is allowed: %s", (template, isAllowed) => {
    expect(objectNamePattern.test(template)).toBe(isAllowed);
  });

  test("knows which templates share objects", () => {
    expect(["{attempt}", "x {uid}"].every(isUniqueToRequest)).toBe(true);
    expect(["{commonName}", "{namespace} {name}"].some(isUniqueToRequest)).toBe(false);
  });
});

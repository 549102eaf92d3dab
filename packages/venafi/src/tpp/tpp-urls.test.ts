import { IssuerError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { policyDn, tppUrl } from "./tpp-urls.ts";

describe("tppUrl", () => {
  test.each([
    ["https://tpp.example.com/vedsdk", "https://tpp.example.com"],
    ["https://TPP.example.com/VEDsdk/", "https://tpp.example.com"],
    ["https://tpp.example.com", "https://tpp.example.com"],
    ["https://tpp.example.com:8443/", "https://tpp.example.com:8443"],
    ["http://tpp.example.com/vedsdk", "https://tpp.example.com"],
    ["tpp.example.com/vedsdk", "https://tpp.example.com"],
    [" https://[::1]:8443/vedsdk\n", "https://[::1]:8443"],
  ])("%j is %j", (given, url) => {
    expect(tppUrl(given)).toBe(url);
  });

  test.each([
    "https://tpp.example.com/other",
    "https://tpp.example.com/vedsdk/x",
    "https://",
    "a b",
    "https://x/?y",
  ])("refuses %j", (given) => {
    expect(() => tppUrl(given)).toThrow(IssuerError);
  });
});

describe("policyDn", () => {
  test.each([
    ["Kubernetes\\Certificates", "\\VED\\Policy\\Kubernetes\\Certificates"],
    ["\\Kubernetes", "\\VED\\Policy\\Kubernetes"],
    ["\\VED\\Policy\\Kubernetes\\", "\\VED\\Policy\\Kubernetes"],
    ["VED\\policy\\Kubernetes", "\\VED\\Policy\\Kubernetes"],
    ["\\VED\\Policy", "\\VED\\Policy"],
    ["VED\\PolicyOther", "\\VED\\Policy\\VED\\PolicyOther"],
  ])("%j is %j", (zone, dn) => {
    expect(policyDn(zone)).toBe(dn);
  });

  test.each(["", " ", "\\", "Kubernetes\\\\Certificates"])("refuses %j", (zone) => {
    expect(() => policyDn(zone)).toThrow("YAML wants each backslash twice");
  });
});

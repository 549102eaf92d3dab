import { describe, expect, test } from "vitest";
import { intermediatePath, parseSignPath, signPathOf } from "./sign-path.ts";

describe("parseSignPath", () => {
  test.each([
    ["pki_int/sign/web", "sign", "pki_int", "web", undefined],
    ["/pki_int/sign/web/", "sign", "pki_int", "web", undefined],
    ["v1/pki_int/sign/web", "sign", "pki_int", "web", undefined],
    ["/v1/pki_int/sign/web", "sign", "pki_int", "web", undefined],
    ["team/a/pki/sign/web", "sign", "team/a/pki", "web", undefined],
    ["pki/sign/sign", "sign", "pki", "sign", undefined],
    ["sign/sign/issue", "sign", "sign", "issue", undefined],
    ["pki/issuer/ca-2/sign/web", "sign", "pki", "web", "ca-2"],
    ["pki/sign-verbatim", "sign-verbatim", "pki", undefined, undefined],
    ["pki/sign-verbatim/web", "sign-verbatim", "pki", "web", undefined],
    ["pki/issuer/ca-2/sign-verbatim", "sign-verbatim", "pki", undefined, "ca-2"],
    ["pki/issuer/ca-2/sign-verbatim/web", "sign-verbatim", "pki", "web", "ca-2"],
    ["pki/root/sign-intermediate", "sign-intermediate", "pki", undefined, undefined],
    ["pki/issuer/ca-2/sign-intermediate", "sign-intermediate", "pki", undefined, "ca-2"],
  ])("takes %s apart", (given, mode, mount, role, issuerRef) => {
    const path = parseSignPath(given);
    expect(path).toMatchObject({ mode, mount, role, issuerRef });
    expect(path.path).toBe(given.replace(/^\/?(v1\/)?|\/$/g, ""));
  });

  test("is the inverse of putting it together", () => {
    for (const path of [
      "pki/sign/web",
      "pki/issuer/x/sign/web",
      "pki/sign-verbatim",
      "pki/issuer/x/sign-verbatim/web",
      "pki/root/sign-intermediate",
      "pki/issuer/x/sign-intermediate",
    ])
      expect(signPathOf(parseSignPath(path)).path).toBe(path);
  });

  test.each([
    ["pki/issue/web", "pki/sign/web"],
    ["pki/issuer/ca/issue/web", "pki/issuer/ca/sign/web"],
    ["/v1/team/pki/issue/web", "team/pki/sign/web"],
  ])("refuses %s, which chooses another key, and names the path to use", (path, better) => {
    expect(() => parseSignPath(path)).toThrow(expect.objectContaining({ code: "ISSUER" }));
    expect(() => parseSignPath(path)).toThrow(`Use "${better}".`);
  });

  test.each([
    "",
    "/",
    "pki",
    "pki/sign",
    "sign/web",
    "pki/roles/web",
    "pki/root/sign-self-issued",
    "pki/cert/ca",
  ])("refuses %j, which does not lead to signing", (path) => {
    expect(() => parseSignPath(path)).toThrow(expect.objectContaining({ code: "ISSUER" }));
  });

  test.each([
    "pki//sign/web",
    "pki/../sign/web",
    "pki/sign/a b",
    "pki/sign/a?x=1",
    "pki/sign/a%2f",
    "pki/sign/a\nb",
  ])("refuses %j, which a URL would change", (path) => {
    expect(() => parseSignPath(path)).toThrow("no name in Vault");
  });
});

describe("signPathOf", () => {
  test.each([
    [{ mount: "/pki/", role: "web", mode: "sign" }, "pki/sign/web"],
    [{ mount: "pki", role: "web", issuerRef: "x", mode: "sign" }, "pki/issuer/x/sign/web"],
    [{ mount: "pki", mode: "sign-verbatim" }, "pki/sign-verbatim"],
    [{ mount: "pki", mode: "sign-intermediate" }, "pki/root/sign-intermediate"],
    [{ mount: "pki", issuerRef: "x", mode: "sign-intermediate" }, "pki/issuer/x/sign-intermediate"],
  ] as const)("makes of %j the path %s", (parts, path) => {
    expect(signPathOf(parts).path).toBe(path);
  });

  test.each([
    [{ mount: "pki", mode: "sign" }, "Set role"],
    [{ mount: "pki", role: "web", mode: "sign-intermediate" }, "Remove role"],
    [{ mount: "", role: "web", mode: "sign" }, "mount"],
    [{ mount: "pki", role: "a/b", mode: "sign" }, "role"],
    [{ mount: "pki", role: "a", issuerRef: "..", mode: "sign" }, "issuerRef"],
  ] as const)("refuses %j", (parts, message) => {
    expect(() => signPathOf(parts)).toThrow(expect.objectContaining({ code: "ISSUER" }));
    expect(() => signPathOf(parts)).toThrow(message);
  });
});

test("names where the same CA signs CA certificates", () => {
  expect(intermediatePath(parseSignPath("pki/sign/web"))).toBe("pki/root/sign-intermediate");
  expect(intermediatePath(parseSignPath("pki/issuer/x/sign/web"))).toBe("pki/issuer/x/sign-intermediate");
});

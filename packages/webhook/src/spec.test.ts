import { describe, expect, test } from "vitest";
import { secretRefs } from "./secret-refs.ts";
import { webhookIssuer } from "./webhook-issuer.ts";

const url = "https://sign.example.com";
const parse = (webhook: object) => webhookIssuer.spec.safeParse({ webhook });

describe("spec.webhook", () => {
  test("needs a URL and nothing else", () => {
    expect(parse({ url }).data?.webhook).toEqual({ url, path: "/sign" });
  });

  test("fills the gaps of request, response and idempotency", () => {
    expect(parse({ url, request: {}, response: {}, idempotency: {} }).data?.webhook).toMatchObject({
      request: { csrField: "csr", csrFormat: "base64-der" },
      response: { certificateField: "certificate", chainField: "chain", caField: "ca" },
      idempotency: { header: "Idempotency-Key", promised: false },
    });
  });

  test.each<[string, object]>([
    ["no URL", {}],
    ["url and urls", { url, urls: [url] }],
    ["ftp", { url: "ftp://sign.example.com" }],
    ["a path without a slash", { url, path: "sign" }],
    ["a path with a query", { url, path: "/sign?x=1" }],
    ["two ways to log in", { url, auth: { tokenSecretRef: { name: "a" }, basic: basic({ username: "u" }) } }],
    ["no way to log in", { url, auth: {} }],
    ["two user names", { url, auth: { basic: basic({ username: "u", usernameSecretRef: { name: "a" } }) } }],
    [
      "a service account without audience",
      { url, auth: { serviceAccountRef: { name: "a", audiences: [] } } },
    ],
    ["a field with an empty part", { url, request: { csrField: "a..b" } }],
    ["an unknown format", { url, request: { csrFormat: "der" } }],
    ["a header with a line break", { url, headers: [{ name: "X-A", value: "a\r\nX-B: c" }] }],
    ["a header name with a colon", { url, headers: [{ name: "X:A", value: "a" }] }],
    ["a CA bundle that is no base64", { url, caBundle: "-----BEGIN" }],
  ])("refuses %s", (_, webhook) => {
    expect(parse(webhook).success).toBe(false);
  });

  test("names its Secrets with their usual keys", () => {
    const ref = { name: "s" };
    const { data } = parse({
      url,
      clientCertSecretRef: ref,
      clientKeySecretRef: ref,
      caBundleSecretRef: ref,
      auth: { basic: { usernameSecretRef: ref, passwordSecretRef: ref } },
    });
    if (data === undefined) throw new Error("expected a valid spec");
    expect(secretRefs(data)).toEqual({
      caBundle: { name: "s", key: "ca.crt" },
      clientCert: { name: "s", key: "tls.crt" },
      clientKey: { name: "s", key: "tls.key" },
      token: undefined,
      username: { name: "s", key: "username" },
      password: { name: "s", key: "password" },
    });
  });
});

function basic(user: object) {
  return { ...user, passwordSecretRef: { name: "p" } };
}

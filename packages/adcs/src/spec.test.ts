import { describe, expect, test } from "vitest";
import { adcsSpec } from "./spec.ts";

const ntlm = { username: "CORP\\svc", passwordSecretRef: { name: "adcs" } };
const spec = (more: object = {}) => ({ url: "https://pki.corp.example.com", auth: { ntlm }, ...more });
const problems = (value: unknown) =>
  adcsSpec.safeParse(value).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

test("little is enough", () => {
  expect(adcsSpec.parse(spec())).toMatchObject({
    auth: { ntlm: { passwordSecretRef: { name: "adcs", key: "password" } } },
    correlationAttribute: "CertificateManagerUid",
    poll: { minInterval: "1m", maxInterval: "10m" },
    isCA: false,
  });
});

test("one way to log in, and one URL or several", () => {
  expect(problems(spec({ auth: {} }))).toEqual(["auth: exactly one of kerberos, ntlm, basic must be set"]);
  expect(problems(spec({ auth: { ntlm, basic: ntlm } }))).toHaveLength(1);
  expect(problems(spec({ urls: ["https://a"] }))).toEqual([": exactly one of url, urls must be set"]);
  expect(problems(spec({ auth: { ntlm: { passwordSecretRef: { name: "adcs" } } } }))).toEqual([
    "auth.ntlm: exactly one of username, usernameSecretRef must be set",
  ]);
  const both = { keytabSecretRef: { name: "a" }, passwordSecretRef: { name: "b" } };
  expect(problems(spec({ auth: { kerberos: both } }))).toEqual([
    "auth.kerberos: exactly one of passwordSecretRef, keytabSecretRef must be set",
  ]);
});

test("plain http is not for passwords", () => {
  expect(problems(spec({ url: "http://pki.corp.example.com" }))).toHaveLength(1);
});

describe("what could break out of a request's attributes is no template, name or value", () => {
  const injections = ["a\rb", "a\nb", "a\r\nSAN:upn=admin", "a\0b", "a\u2028b", "a\u0085b", "\u000bx"];

  test.each(injections)("%j", (text) => {
    expect(problems(spec({ template: text }))).not.toEqual([]);
    expect(problems(spec({ attributes: [{ name: "Owner", value: text }] }))).not.toEqual([]);
    expect(problems(spec({ attributes: [{ name: text, value: "x" }] }))).not.toEqual([]);
    expect(problems(spec({ correlationAttribute: text }))).not.toEqual([]);
    expect(problems(spec({ overrides: { template: [text] } }))).not.toEqual([]);
  });

  test.each(["SAN", "san", "CertificateTemplate", "requesterName"])("the attribute %s", (name) => {
    expect(problems(spec({ attributes: [{ name, value: "dns=x" }] }))).not.toEqual([]);
    expect(problems(spec({ correlationAttribute: name }))).not.toEqual([]);
  });

  test.each(["Web:Server", "Web Server", "a=b", "a&b", "-x", ""])("the template %j", (template) => {
    expect(problems(spec({ template }))).not.toEqual([]);
  });

  test.each(["WebServer", "Web_Server-2.0", "Serveurweb(é)", "1.3.6.1.4.1.311.21.8.123.456"])(
    "but %s is",
    (template) => {
      expect(problems(spec({ template }))).toEqual([]);
    },
  );
});

test("a security identifier is one, without a wildcard", () => {
  expect(problems(spec({ allowedSids: ["S-1-5-21-1-2-3-1105"] }))).toEqual([]);
  for (const text of ["*", "S-1-5-21-*", "s-1-5-21-1", "S-1-5", "S-1-5-21-1 "])
    expect(problems(spec({ allowedSids: [text] }))).not.toEqual([]);
});

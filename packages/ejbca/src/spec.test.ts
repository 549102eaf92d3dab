import { describe, expect, test } from "vitest";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { ejbcaSpec } from "./spec.ts";

const names = {
  certificateAuthorityName: "LabIssuingCA",
  certificateProfileName: "LabTLS",
  endEntityProfileName: "LabEEP",
};
const clientCertificate = { secretName: "client" };
const minimal = { url: "https://ejbca.example.com", auth: { clientCertificate }, ...names };

describe("spec.ejbca", () => {
  test("needs a URL, a login and three names; the rest has defaults", () => {
    expect(ejbcaSpec.parse(minimal)).toEqual({
      ...minimal,
      mode: "createOrUpdate",
      endEntityName: "{namespace}.{name}.{uid}",
      allowRequestedEndEntities: false,
      generateEnrollmentCode: false,
      requestDuration: true,
    });
  });

  test.each([
    ["no URL", { url: undefined }],
    ["two kinds of URL", { urls: ["https://a.example.com"] }],
    ["another scheme", { url: "ftp://ejbca.example.com" }],
    ["no login", { auth: {} }],
    ["two logins", { auth: { clientCertificate, oauth2: oauth2() } }],
    ["no CA", { certificateAuthorityName: "" }],
    ["an unknown mode", { mode: "magic" }],
    ["a client id twice", { auth: { oauth2: { ...oauth2(), clientIdRef: { name: "x" } } } }],
    ["a scope with a blank", { auth: { oauth2: { ...oauth2(), scopes: ["a b"] } } }],
    ["an empty list of overrides", { overrides: { endEntityName: [] } }],
  ])("refuses %s", (_, more) => {
    expect(ejbcaSpec.safeParse({ ...minimal, ...more }).success).toBe(false);
  });

  test("names the values that it wants of Secrets and ConfigMaps, with their default keys", () => {
    const byCertificate = ejbcaSpec.parse({ ...minimal, caBundleConfigMapRef: { name: "trust" } });
    expect(secretRefs({ ejbca: byCertificate })).toMatchObject({
      clientCert: { name: "client", key: "tls.crt" },
      clientKey: { name: "client", key: "tls.key" },
      caBundle: undefined,
      clientSecret: undefined,
    });
    expect(configMapRefs({ ejbca: byCertificate })).toEqual({
      caBundle: { name: "trust", key: "ca.crt" },
      tokenCaBundle: undefined,
    });
    const byToken = ejbcaSpec.parse({
      ...minimal,
      auth: { oauth2: { ...oauth2(), caBundleSecretRef: { name: "idp", key: "root.pem" } } },
      enrollmentCodeSecretRef: { name: "code" },
    });
    expect(secretRefs({ ejbca: byToken })).toMatchObject({
      clientCert: undefined,
      clientSecret: { name: "oauth", key: "clientSecret" },
      tokenCaBundle: { name: "idp", key: "root.pem" },
      enrollmentCode: { name: "code", key: "enrollmentCode" },
    });
  });
});

function oauth2() {
  return { tokenUrl: "https://idp.example.com/token", clientId: "x", clientSecretRef: { name: "oauth" } };
}

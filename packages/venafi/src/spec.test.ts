import { describe, expect, test } from "vitest";
import { secretRefs } from "./secret-refs.ts";
import { venafiIssuer } from "./venafi-issuer.ts";

const parse = (venafi: object) => venafiIssuer.spec.safeParse({ venafi });
const credentialsRef = { name: "tpp-secret" };
const tpp = { url: "https://tpp.example.com/vedsdk", credentialsRef };
const cloud = { apiTokenSecretRef: { name: "cloud-secret" } };

/** Specs of cert-manager's own Venafi issuer, by its documentation and its API, and that of the article. */
const builtIn = {
  "the article's": {
    zone: "Kubernetes\\Certificates",
    tpp: {
      url: "https://tpp.example.com/vedsdk",
      credentialsRef: { name: "venafi-tpp-credentials" },
    },
  },
  "TPP with a bundle": {
    zone: "\\VED\\Policy\\devops\\cert-manager",
    tpp: { ...tpp, caBundle: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==" },
  },
  "TPP with a bundle of a Secret": {
    zone: "a",
    tpp: { ...tpp, caBundleSecretRef: { name: "ca", key: "x.pem" } },
  },
  "TPP with a bundle of a Secret, without its key": {
    zone: "a",
    tpp: { ...tpp, caBundleSecretRef: { name: "ca" } },
  },
  "the SaaS with its key": {
    zone: "My Application\\My CIT",
    cloud: { apiTokenSecretRef: { name: "cloud-secret", key: "apikey" } },
  },
  "the SaaS with a URL": { zone: "App\\Alias", cloud: { url: "https://api.venafi.cloud/v1", ...cloud } },
};

describe("spec.venafi", () => {
  test.each(Object.entries(builtIn))("takes %s as it stands", (_, venafi) => {
    expect(parse(venafi)).toMatchObject({ success: true, data: { venafi } });
  });

  test("looks for the built-in issuer's keys in its Secrets, and for those that it lacks", () => {
    const of = (venafi: object) => secretRefs(venafiIssuer.spec.parse({ venafi }));
    expect(of({ zone: "a", tpp })).toMatchObject({
      accessToken: { name: "tpp-secret", key: "access-token", optional: true },
      refreshToken: { name: "tpp-secret", key: "refresh-token", optional: true },
      username: { name: "tpp-secret", key: "username", optional: true },
      password: { name: "tpp-secret", key: "password", optional: true },
      clientId: { name: "tpp-secret", key: "client-id", optional: true },
      clientCert: { name: "tpp-secret", key: "tls.crt", optional: true },
      clientKey: { name: "tpp-secret", key: "tls.key", optional: true },
      jwt: { name: "tpp-secret", key: "jwt", optional: true },
      apiKey: undefined,
      caBundle: undefined,
    });
    expect(of({ zone: "a\\b", cloud })).toMatchObject({
      apiKey: { name: "cloud-secret", key: "api-key" },
      accessToken: undefined,
      jwt: undefined,
    });
  });

  test("has the built-in issuer's defaults", () => {
    expect(parse({ zone: "a", tpp })).toMatchObject({
      data: {
        venafi: {
          origin: "cert-manager",
          tpp: {
            clientId: "cert-manager.io",
            scope: "certificate:manage",
            objectName: "{commonName} {attempt}",
          },
        },
      },
    });
  });

  test.each<[string, object]>([
    ["neither", { zone: "a" }],
    ["both", { zone: "a", tpp, cloud }],
    ["no zone", { tpp }],
    ["TPP without a login", { zone: "a", tpp: { url: tpp.url } }],
    ["TPP with two logins", { zone: "a", tpp: { ...tpp, serviceAccountRef: { name: "x" } } }],
    ["the SaaS without a login", { zone: "a\\b", cloud: {} }],
    ["an unknown region", { zone: "a\\b", cloud: { ...cloud, region: "mars" } }],
    ["a template with a folder", { zone: "a", tpp: { ...tpp, objectName: "a\\{name}" } }],
    [
      "a token URL without TLS",
      {
        zone: "a\\b",
        cloud: { serviceAccount: { tokenURL: "http://x", serviceAccountRef: { name: "x" } } },
      },
    ],
  ])("refuses %s", (_, venafi) => {
    expect(parse(venafi).success).toBe(false);
  });
});

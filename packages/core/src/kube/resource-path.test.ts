import { expect, test } from "vitest";
import { resourcePath } from "./resource-path.ts";
import type { ResourceType } from "./types.ts";

const secret: ResourceType = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};
const request: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  kind: "CertificateRequest",
  plural: "certificaterequests",
  namespaced: true,
};
const csr: ResourceType = {
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  namespaced: false,
};

test("paths of collections, objects and subresources", () => {
  expect(resourcePath(secret)).toBe("/api/v1/secrets");
  expect(resourcePath(secret, { namespace: "a" })).toBe("/api/v1/namespaces/a/secrets");
  expect(resourcePath(secret, { namespace: "a", name: "s" })).toBe("/api/v1/namespaces/a/secrets/s");
  expect(resourcePath(request, { namespace: "a", name: "r", subresource: "status" })).toBe(
    "/apis/cert-manager.io/v1/namespaces/a/certificaterequests/r/status",
  );
  expect(resourcePath(csr, { name: "c", subresource: "approval" })).toBe(
    "/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval",
  );
});

test("names are escaped, and what cannot be one segment is refused", () => {
  expect(resourcePath(csr, { name: "system:node:a b?c#d" })).toMatch(/system%3Anode%3Aa%20b%3Fc%23d$/);
  for (const name of ["", ".", "..", "a/b", "../secrets/x", "a%2fb"]) {
    expect(() => resourcePath(secret, { namespace: "a", name })).toThrow(
      `Expected \`name\` to be one segment of a path, got \`${name}\``,
    );
    expect(() => resourcePath(secret, { namespace: name })).toThrow(/Expected `namespace`/);
  }
});

test("a namespace that is missing or out of place is refused", () => {
  expect(() => resourcePath(csr, { namespace: "a" })).toThrow(/Expected no `namespace`/);
  expect(() => resourcePath(secret, { name: "s" })).toThrow(/Expected a `namespace`/);
  expect(() => resourcePath(csr, { subresource: "status" })).toThrow(/Expected a `name`/);
});

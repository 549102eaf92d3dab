import { issued } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "./define-issuer.ts";
import { issuerCrds } from "./issuer-crd.ts";
import { structuralSchema } from "./structural-schema.ts";

const acme = defineIssuer({
  group: "pki.example.com",
  version: "v1beta1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({ url: z.url() }).describe("How to reach Acme."),
  connect: () => ({ check: async () => undefined, sign: async () => issued({ chain: "" }) }),
});

describe("issuerCrds", () => {
  const [namespaced, cluster] = issuerCrds(acme);
  const version = namespaced?.spec.versions[0];

  test("makes one CRD per kind, named as the API server demands", () => {
    expect(namespaced).toMatchObject({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "acmeissuers.pki.example.com", labels: { "app.kubernetes.io/name": "acmeissuer" } },
      spec: {
        group: "pki.example.com",
        scope: "Namespaced",
        names: {
          kind: "AcmeIssuer",
          listKind: "AcmeIssuerList",
          plural: "acmeissuers",
          singular: "acmeissuer",
        },
      },
    });
    expect(cluster).toMatchObject({
      metadata: {
        name: "acmeclusterissuers.pki.example.com",
        labels: { "app.kubernetes.io/name": "acmeissuer" },
      },
      spec: { scope: "Cluster", names: { kind: "AcmeClusterIssuer", plural: "acmeclusterissuers" } },
    });
  });

  test("serves and stores the one version, with status as a subresource", () => {
    expect(namespaced?.spec.versions).toHaveLength(1);
    expect(version).toMatchObject({
      name: "v1beta1",
      served: true,
      storage: true,
      subresources: { status: {} },
    });
  });

  test("requires the spec that the definition describes", () => {
    const schema = version?.schema.openAPIV3Schema;
    expect(schema?.required).toEqual(["spec"]);
    expect(schema?.properties?.spec).toEqual(structuralSchema(acme.spec));
  });

  test("keys the conditions by type, so that two writers can own one each", () => {
    expect(version?.schema.openAPIV3Schema.properties?.status?.properties?.conditions).toMatchObject({
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: { required: ["lastTransitionTime", "message", "reason", "status", "type"] },
    });
  });

  test("shows readiness and age, and the message only where there is room", () => {
    expect(version?.additionalPrinterColumns.map(({ name, priority = 0 }) => [name, priority])).toEqual([
      ["Ready", 0],
      ["Reason", 0],
      ["Message", 1],
      ["Age", 0],
    ]);
  });
});

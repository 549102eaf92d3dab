import { issued } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "./define-issuer.ts";
import { issuerManifests } from "./manifests.ts";

const acme = defineIssuer({
  group: "pki.example.com",
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({ url: z.url() }),
  connect: () => ({ check: async () => undefined, sign: async () => issued({ chain: "" }) }),
});

test("issuerManifests puts each object after those that it refers to", () => {
  const manifests = issuerManifests(acme, { serviceAccount: { namespace: "pki", name: "acme-issuer" } });
  expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "CustomResourceDefinition acmeissuers.pki.example.com",
    "CustomResourceDefinition acmeclusterissuers.pki.example.com",
    "ServiceAccount acme-issuer",
    "ClusterRole acmeissuers.pki.example.com:controller",
    "ClusterRoleBinding acmeissuers.pki.example.com:controller",
    "ClusterRole acmeissuers.pki.example.com:approver",
    "ClusterRoleBinding acmeissuers.pki.example.com:approver",
  ]);
});

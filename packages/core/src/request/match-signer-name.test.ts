import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { matchSignerName } from "./match-signer-name.ts";

const definition = defineIssuer({
  group: "pki.example.com",
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({}),
  connect: () => ({ check: async () => {}, sign: async () => Promise.reject(new Error("not used")) }),
});

describe("matchSignerName", () => {
  test.each([
    ["match cluster issuer", "acmeclusterissuers.pki.example.com/ca", "", "ca"],
    ["cluster issuer with dot in name", "acmeclusterissuers.pki.example.com/ca.eu", "", "ca.eu"],
    ["match issuer", "acmeissuers.pki.example.com/team.ca", "team", "ca"],
    ["issuer with dot in name", "acmeissuers.pki.example.com/team.ca.eu", "team", "ca.eu"],
  ])("%s", (_, signerName, namespace, name) => {
    expect(matchSignerName(definition, signerName)).toMatchObject({ namespace, name });
  });

  test.each([
    ["empty", ""],
    ["invalid signer name format", "acmeclusterissuers.pki.example.com"],
    ["more than two parts", "acmeclusterissuers.pki.example.com/a/b"],
    ["unknown issuer type identifier", "others.pki.example.com/ca"],
    ["another group", "acmeclusterissuers.example.com/ca"],
    ["cluster issuer with empty name", "acmeclusterissuers.pki.example.com/"],
    ["issuer without a namespace", "acmeissuers.pki.example.com/ca"],
    ["issuer with an empty namespace", "acmeissuers.pki.example.com/.ca"],
    ["issuer with an empty name", "acmeissuers.pki.example.com/team."],
    ["a built-in signer", "kubernetes.io/kube-apiserver-client"],
  ])("%s: not ours", (_, signerName) => {
    expect(matchSignerName(definition, signerName)).toBeUndefined();
  });
});

import { describe, expect, test } from "vitest";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { CertificateRequest } from "../kube/types.ts";
import { definition } from "./issuer-lib-fixture.ts";
import { matchIssuer } from "./match-issuer.ts";
import { matchSignerName } from "./match-signer-name.ts";
import { group, requestWith } from "./request-fixtures.ts";

const only = (scope: string): IssuerDefinition => ({
  ...definition,
  kinds: definition.kinds.filter((kind) => kind.scope === scope),
});
const reversed: IssuerDefinition = { ...definition, kinds: definition.kinds.toReversed() };
const issuer = { kind: { kind: "AcmeIssuer" }, namespace: "team", name: "acme" };
const clusterIssuer = { kind: { kind: "AcmeClusterIssuer" }, namespace: "", name: "acme" };

type IssuerRef = CertificateRequest["spec"]["issuerRef"];
type RequestRow = readonly [
  name: string,
  definition: IssuerDefinition,
  issuerRef: IssuerRef,
  expected: object | undefined,
];

/** An empty kind means `Issuer`: to take it for one of ours has made other issuers fail foreign requests. */
const requests: readonly RequestRow[] = [
  ["empty", definition, { name: "" }, undefined],
  ["no issuers", { ...definition, kinds: [] }, { group, kind: "AcmeIssuer", name: "acme" }, undefined],
  ["match issuer", only("Namespaced"), { group, kind: "AcmeIssuer", name: "acme" }, issuer],
  [
    "match cluster issuer",
    only("Cluster"),
    { group, kind: "AcmeClusterIssuer", name: "acme" },
    clusterIssuer,
  ],
  ["select kind if empty", only("Cluster"), { group, kind: "", name: "acme" }, undefined],
  ["prefer issuer over cluster issuer (v1)", definition, { group, kind: "", name: "acme" }, undefined],
  // No kind is preferred, in whatever order they are defined: the request names one.
  ["prefer issuer over cluster issuer (v2)", reversed, { group, kind: "AcmeIssuer", name: "acme" }, issuer],
];

describe("issuer-lib: the matcher of CertificateRequests", () => {
  test.each(requests)("%s", (_, served, issuerRef, expected) => {
    const request = requestWith([]);
    const match = matchIssuer(served, { ...request, spec: { ...request.spec, issuerRef } });
    if (expected === undefined) expect(match).toBeUndefined();
    else expect(match).toMatchObject(expected);
  });
});

type SignerRow = readonly [name: string, signerName: string, expected: object | undefined];

const signers: readonly SignerRow[] = [
  ["empty", "", undefined],
  ["invalid signer name format", `acmeclusterissuers.${group}`, undefined],
  ["unknown issuer type identifier", `others.${group}/acme`, undefined],
  // Namespaced signers are ours too, spelt as cert-manager spells its own.
  ["match issuer", `acmeissuers.${group}/team.acme`, issuer],
  ["match cluster issuer", `acmeclusterissuers.${group}/acme`, clusterIssuer],
  [
    "cluster issuer with dot in name",
    `acmeclusterissuers.${group}/acme.eu`,
    { ...clusterIssuer, name: "acme.eu" },
  ],
  // No object can have that name, so there is nothing to wait for.
  ["cluster issuer with empty name", `acmeclusterissuers.${group}/`, undefined],
];

describe("issuer-lib: the matcher of CertificateSigningRequests", () => {
  test.each(signers)("%s", (_, signerName, expected) => {
    const match = matchSignerName(definition, signerName);
    if (expected === undefined) expect(match).toBeUndefined();
    else expect(match).toMatchObject(expected);
  });
});

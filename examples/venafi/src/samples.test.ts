import { join } from "node:path";
import { issuerRbac } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { readSamples } from "../../../test/tools/read-samples.ts";
import { venafi } from "./venafi.ts";

const folder = join(import.meta.dirname, "..", "samples");

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly stringData?: object;
  readonly rules?: readonly object[];
  readonly spec?: { readonly venafi?: { readonly tpp?: object; readonly cloud?: object } };
}

const samples = readSamples<Sample>(folder);
const issuers = samples.filter(({ sample }) => sample.apiVersion.startsWith(venafi.group));
const of = (name: string) => samples.filter(({ file }) => file === name).map(({ sample }) => sample);

describe("the samples", () => {
  test.each(issuers.map(({ file, sample }) => [file, sample] as const))("%s is an issuer", (_, sample) => {
    expect(sample.apiVersion).toBe(`${venafi.group}/${venafi.version}`);
    expect(venafi.kinds.map(({ kind }) => kind)).toContain(sample.kind);
    // Nothing that the schema does not know, which the API server would drop in silence.
    expect(venafi.spec.parse(sample.spec)).toMatchObject(sample.spec ?? {});
  });

  test("there is one for each way to log in", () => {
    const keys = samples.flatMap(({ sample }) => Object.keys(sample.stringData ?? {}));
    expect(new Set(keys)).toEqual(
      new Set(["access-token", "refresh-token", "client-id", "username", "password", "api-key"]),
    );
    const fields = issuers.flatMap(({ sample: { spec } }) => [
      ...Object.keys(spec?.venafi?.tpp ?? {}).map((field) => `tpp.${field}`),
      ...Object.keys(spec?.venafi?.cloud ?? {}).map((field) => `cloud.${field}`),
    ]);
    expect(fields).toEqual(
      expect.arrayContaining([
        ...["tpp.credentialsRef", "tpp.serviceAccountRef", "tpp.maxTLSVersion"],
        ...["cloud.apiTokenSecretRef", "cloud.serviceAccount"],
      ]),
    );
  });

  test("the built-in issuer's spec is taken as it stands", () => {
    const [before, after] = of("migration.yaml");
    expect(before).toMatchObject({ apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer" });
    expect(after).toEqual({
      ...before,
      apiVersion: `${venafi.group}/${venafi.version}`,
      kind: "VenafiClusterIssuer",
    });
  });

  test("the narrow Role is what the manifests grant for these names, with patch on one Secret alone", () => {
    const granted = issuerRbac(venafi, {
      serviceAccount: { namespace: "default", name: "venafiissuers.venafi.countersign.dev" },
      references: {
        secrets: ["venafi-refresh-token", "venafi-api-key"],
        savedSecrets: ["venafi-refresh-token"],
        configMaps: ["trust-bundle"],
        serviceAccounts: ["venafi-issuer"],
      },
    });
    const rules = granted.flatMap((manifest) => ("rules" in manifest ? manifest.rules : []));
    const [role] = of("rbac.yaml");
    expect(role?.rules).toEqual(rules.filter(({ apiGroups: [group] }) => group === ""));
  });
});

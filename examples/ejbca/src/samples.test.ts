import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSamples } from "../../../test/tools/read-samples.ts";
import { ejbca } from "./ejbca.ts";

const folder = join(import.meta.dirname, "..", "samples");
const guide = join(import.meta.dirname, "../../../docs/guides/ejbca.md");

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly ejbca?: { readonly auth: object; readonly mode?: string } };
}

const samples = readSamples<Sample>(folder);
const issuers = samples.filter(({ sample }) => sample.apiVersion.startsWith(ejbca.group));

describe("the samples", () => {
  test.each(issuers.map(({ file, sample }) => [file, sample] as const))("%s is an issuer", (_, sample) => {
    expect(sample.apiVersion).toBe(`${ejbca.group}/${ejbca.version}`);
    expect(ejbca.kinds.map(({ kind }) => kind)).toContain(sample.kind);
    // Nothing that the schema does not know, which the API server would drop in silence.
    expect(ejbca.spec.parse(sample.spec)).toMatchObject({ ejbca: sample.spec?.ejbca });
  });

  test("there is one for each way to log in, and one for each mode", () => {
    const of = (pick: (spec: NonNullable<NonNullable<Sample["spec"]>["ejbca"]>) => readonly string[]) =>
      new Set(
        issuers.flatMap(({ sample }) => (sample.spec?.ejbca === undefined ? [] : pick(sample.spec.ejbca))),
      );
    expect(of(({ auth }) => Object.keys(auth))).toEqual(new Set(["clientCertificate", "oauth2"]));
    expect(of(({ mode = "createOrUpdate" }) => [mode])).toEqual(
      new Set(["createOrUpdate", "existingEndEntity"]),
    );
  });
});

/** Fields of Keyfactor's issuer, as its CRD has them. */
interface KeyfactorSpec {
  readonly hostname: string;
  readonly ejbcaSecretName: string;
  readonly caBundleSecretName?: string;
  readonly caBundleConfigMapName?: string;
  readonly caBundleKey?: string;
  readonly certificateAuthorityName: string;
  readonly certificateProfileName: string;
  readonly endEntityProfileName: string;
  readonly endEntityName?: string;
}

const words: Readonly<Record<string, string>> = {
  cn: "{commonName}",
  dns: "{dns}",
  uri: "{uri}",
  ip: "{ip}",
  certificateName: "{certificate}",
};

/** The guide's table, line by line. */
function converted(spec: KeyfactorSpec) {
  const { hostname, ejbcaSecretName, caBundleSecretName, caBundleConfigMapName, caBundleKey: key } = spec;
  const { certificateAuthorityName, certificateProfileName, endEntityProfileName, endEntityName } = spec;
  const word = words[endEntityName ?? ""];
  return {
    url: `https://${hostname}`,
    auth: { clientCertificate: { secretName: ejbcaSecretName } },
    ...(caBundleSecretName === undefined ? {} : { caBundleSecretRef: { name: caBundleSecretName, key } }),
    ...(caBundleConfigMapName === undefined
      ? {}
      : { caBundleConfigMapRef: { name: caBundleConfigMapName, key } }),
    ...{ certificateAuthorityName, certificateProfileName, endEntityProfileName },
    endEntityName:
      endEntityName === undefined
        ? "{namespace}.{commonName|dns|uri|ip|certificate}"
        : word === undefined
          ? endEntityName
          : `{namespace}.${word}`,
  };
}

describe("the way from Keyfactor's issuer", () => {
  const migration = samples.filter(({ file }) => file === "migration.yaml").map(({ sample }) => sample);
  const [before, after] = migration as unknown as [{ spec: KeyfactorSpec }, { spec: { ejbca: object } }];

  test("by the guide's table the first sample becomes the second, but for what annotations may do", () => {
    const { overrides, ...rest } = after.spec.ejbca as { overrides: object };
    expect(rest).toEqual(converted(before.spec));
    expect(overrides).toMatchObject({ annotationPrefix: "ejbca-issuer.keyfactor.com" });
  });

  test.each([undefined, "cn", "dns", "uri", "ip", "certificateName", "one-for-all"])(
    "its endEntityName %s is one of ours",
    (endEntityName) => {
      const from = { ...before.spec, ...(endEntityName === undefined ? {} : { endEntityName }) };
      const { caBundleSecretName: _, ...byConfigMap } = { ...from, caBundleConfigMapName: "trust" };
      for (const spec of [from, byConfigMap])
        expect(ejbca.spec.parse({ ejbca: converted(spec) })).toMatchObject({ ejbca: converted(spec) });
    },
  );

  test("the guide's table has a line for each field", () => {
    const text = readFileSync(guide, "utf8");
    const table = text.slice(text.indexOf("## From Keyfactor's issuer"), text.indexOf("## What was run"));
    const named: readonly (keyof KeyfactorSpec)[] = [
      ...([
        "hostname",
        "ejbcaSecretName",
        "caBundleSecretName",
        "caBundleConfigMapName",
        "caBundleKey",
      ] as const),
      ...([
        "certificateAuthorityName",
        "certificateProfileName",
        "endEntityProfileName",
        "endEntityName",
      ] as const),
    ];
    for (const field of named) expect(table).toMatch(new RegExp(`^\\| .*\`${field}\``, "m"));
    expect(table).toContain(
      String((after.spec.ejbca as { endEntityName: string }).endEntityName).replaceAll("|", "\\|"),
    );
  });
});

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSamples } from "../../../test/tools/read-samples.ts";
import { webhook } from "./webhook.ts";

const folder = join(import.meta.dirname, "..", "samples");

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly webhook?: { readonly auth?: object } };
}

const samples = readSamples<Sample>(folder);
const issuers = samples.filter(({ sample }) => sample.apiVersion.startsWith(webhook.group));

describe("the samples", () => {
  test.each(issuers.map(({ file, sample }) => [file, sample] as const))("%s is an issuer", (_, sample) => {
    expect(sample.apiVersion).toBe(`${webhook.group}/${webhook.version}`);
    expect(webhook.kinds.map(({ kind }) => kind)).toContain(sample.kind);
    // Nothing that the schema does not know, which the API server would drop in silence.
    const { limits: _limits, ...spec } = sample.spec as { readonly limits?: unknown };
    expect(webhook.spec.parse(sample.spec)).toMatchObject(spec);
  });

  test("there is one for each way to log in", () => {
    const methods = issuers.flatMap(({ sample }) =>
      Object.keys(sample.spec?.webhook?.auth ?? { none: true }),
    );
    expect(new Set(methods)).toEqual(new Set(["none", "tokenSecretRef", "serviceAccountRef", "basic"]));
  });
});

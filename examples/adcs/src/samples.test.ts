import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSamples } from "../../../test/tools/read-samples.ts";
import { adcs } from "./adcs.ts";

const folder = join(import.meta.dirname, "..", "samples");

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly adcs?: { readonly auth: object } };
}

const samples = readSamples<Sample>(folder);
const issuers = samples.filter(({ sample }) => sample.apiVersion.startsWith(adcs.group));

describe("the samples", () => {
  test.each(issuers.map(({ file, sample }) => [file, sample] as const))("%s is an issuer", (_, sample) => {
    expect(sample.apiVersion).toBe(`${adcs.group}/${adcs.version}`);
    expect(adcs.kinds.map(({ kind }) => kind)).toContain(sample.kind);
    // Nothing that the schema does not know, which the API server would drop in silence.
    expect(adcs.spec.parse(sample.spec)).toMatchObject({ adcs: sample.spec?.adcs });
  });

  test("there is one for each way to log in", () => {
    const methods = issuers.flatMap(({ sample }) => Object.keys(sample.spec?.adcs?.auth ?? {}));
    expect(new Set(methods)).toEqual(new Set(["kerberos", "ntlm", "basic"]));
  });
});

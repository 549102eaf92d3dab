import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSamples } from "../../../test/tools/read-samples.ts";
import { hsmIssuer } from "./hsm.ts";
import { hsmOptions } from "./hsm-options.ts";

const hsm = hsmIssuer({ modules: [] });
const folder = join(import.meta.dirname, "..", "samples");
const samples = readSamples<{ readonly apiVersion: string; readonly kind: string; readonly spec?: object }>(
  folder,
);
const issuers = samples.filter(({ sample }) => sample.apiVersion.startsWith(hsm.group));

describe("the samples", () => {
  test.each(issuers.map(({ file, sample }) => [file, sample] as const))("%s is an issuer", (_, sample) => {
    expect(sample.apiVersion).toBe(`${hsm.group}/${hsm.version}`);
    expect(hsm.kinds.map(({ kind }) => kind)).toContain(sample.kind);
    // Nothing that the schema does not know, which the API server would drop in silence.
    expect(hsm.spec.parse(sample.spec)).toMatchObject(sample.spec ?? {});
  });
});

describe("hsmOptions", () => {
  test("reads modules and PINs, and shows the modules no PIN", () => {
    const { modules, pins } = hsmOptions({
      COUNTERSIGN_HSM_MODULES: "/a.so:/b.so",
      COUNTERSIGN_HSM_PIN_MAIN_FILE: "/run/pin",
      COUNTERSIGN_HSM_PIN_OTHER: "1234",
      SOFTHSM2_CONF: "/etc/softhsm2.conf",
    });
    const env = { SOFTHSM2_CONF: "/etc/softhsm2.conf" };
    expect(modules).toEqual([
      { path: "/a.so", env },
      { path: "/b.so", env },
    ]);
    expect(pins).toEqual({ main: { file: "/run/pin" }, other: { value: "1234" } });
  });

  test("allows no module where none is named", () => {
    expect(hsmOptions({})).toMatchObject({ modules: [], pins: {} });
  });
});

import { expect, test } from "vitest";
import { serveDefaults, serveSettings } from "./serve-options.ts";

test("options that are left out or undefined get their defaults", () => {
  expect(
    serveSettings({ clusterResourceNamespace: "pki", signTimeoutMs: undefined, publishCa: false }),
  ).toEqual({
    ...serveDefaults,
    clusterResourceNamespace: "pki",
    publishCa: false,
  });
});

test("namespaces are all unless given", () => {
  const base = { clusterResourceNamespace: "pki" };
  expect(serveSettings(base).namespaces).toBeUndefined();
  expect(serveSettings({ ...base, namespaces: ["team-a"] }).namespaces).toEqual(["team-a"]);
});

test.each([
  ["maxConcurrentSigns", 0],
  ["signTimeoutMs", -1],
  ["checkIntervalMs", Number.NaN],
])("the option %s is refused as %d, by its name and value", (option, value) => {
  expect(() => serveSettings({ clusterResourceNamespace: "pki", [option]: value })).toThrow(
    new TypeError(`Expected \`${option}\` to be a number above 0, got \`${value}\``),
  );
});

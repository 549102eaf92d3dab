import { describe, expect, test } from "vitest";
import type { WatchHealth } from "./issuer-health.ts";
import { livezChecks, readyzChecks } from "./probe-checks.ts";

const well: WatchHealth = {
  resource: "acmes.example.com",
  synced: true,
  lastContactAgeMs: 60_000,
  lastError: undefined,
};
const problems = (checks: ReturnType<typeof livezChecks>) =>
  checks.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
const livez = (watch: Partial<WatchHealth>, lagMs = 0) =>
  problems(livezChecks({ watches: [{ ...well, ...watch }], references: [], draining: false }, lagMs));
const readyz = (watch: Partial<WatchHealth>, draining = false) =>
  problems(readyzChecks({ watches: [{ ...well, ...watch }], references: [], draining }));

describe("/livez", () => {
  test("passes while watches show signs of life and the loop runs", () => {
    expect(livez({}, 4_999)).toEqual([]);
  });

  test("fails when the event loop is late", () => {
    expect(livez({}, 7_250)).toEqual(["event loop: late by 7.3 s"]);
  });

  test("fails for a watch that is silent without knowing why", () => {
    expect(livez({ lastContactAgeMs: 180_100 })).toEqual([
      "watch acmes.example.com: no sign of life for 180.1 s, and no error",
    ]);
  });

  test("passes through an outage of the API server of any length, which a restart would not end", () => {
    expect(livez({ lastContactAgeMs: 86_400_000, lastError: new Error("refused") })).toEqual([]);
  });

  test("does not mind an incomplete cache or a shutdown", () => {
    const watches = [{ ...well, synced: false }];
    expect(problems(livezChecks({ watches, references: [], draining: true }, 0))).toEqual([]);
  });

  const single = (resource: string, more: Partial<WatchHealth> = {}) => ({ ...well, resource, ...more });

  test("fails for a watch of a single Secret that is silent without knowing why, and counts such", () => {
    const references = [
      single("secrets", { lastContactAgeMs: 200_000 }),
      single("configmaps"),
      single("secrets"),
      single("secrets", { lastContactAgeMs: 300_000 }),
    ];
    const checks = livezChecks({ watches: [well], references, draining: false }, 0);
    expect(problems(checks)).toEqual([
      "watches of single secrets: 2 of 3: no sign of life for 200.0 s, and no error",
    ]);
    expect(checks.map(({ name }) => name)).toContain("watches of single configmaps");
  });

  test("passes for a watch of a single Secret that is forbidden or retrying: that is its issuer's trouble", () => {
    const lastError = new Error("secrets is forbidden");
    const references = [single("secrets", { synced: false, lastContactAgeMs: 1e9, lastError })];
    const health = { watches: [well], references, draining: false };
    expect(problems(livezChecks(health, 0))).toEqual([]);
    expect(problems(readyzChecks(health))).toEqual([]);
  });
});

describe("/readyz", () => {
  test("passes when every cache has been complete, also while the API server is away", () => {
    expect(readyz({ lastError: new Error("refused"), lastContactAgeMs: 1e9 })).toEqual([]);
  });

  test("names the cache that is missing", () => {
    expect(readyz({ synced: false })).toEqual([
      "cache acmes.example.com: the first list is not complete yet",
    ]);
  });

  test("says why it is missing, in one line", () => {
    expect(readyz({ synced: false, lastError: new Error("acmes is\nforbidden") })).toEqual([
      "cache acmes.example.com: the first list fails: acmes is forbidden",
    ]);
  });

  test("fails before the issuer is started, and /livez does not", () => {
    expect(problems(readyzChecks(undefined))).toEqual(["start: in progress"]);
    expect(problems(livezChecks(undefined, 0))).toEqual([]);
  });

  test("fails during a shutdown", () => {
    expect(readyz({}, true)).toEqual(["shutdown: in progress"]);
  });
});

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
  problems(livezChecks({ watches: [{ ...well, ...watch }], draining: false }, lagMs));
const readyz = (watch: Partial<WatchHealth>, draining = false) =>
  problems(readyzChecks({ watches: [{ ...well, ...watch }], draining }));

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
    expect(problems(livezChecks({ watches: [{ ...well, synced: false }], draining: true }, 0))).toEqual([]);
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

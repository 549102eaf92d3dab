import { describe, expect, test } from "vitest";
import { readyIssuer as issuer, requestWith } from "../request/request-fixtures.ts";
import { type IgnoreHooks, ignoresIssuer, ignoresRequest } from "./ignore-hooks.ts";

const request = requestWith([]);
const ref = { group: "pki.example.com", kind: "AcmeIssuer", namespace: "team", name: "acme" };
const { signal } = new AbortController();

const ask = (hooks: IgnoreHooks, exists = true) =>
  ignoresRequest(hooks, { request, ref, issuer: exists ? issuer : undefined }, signal);

describe("ignore hooks", () => {
  test("none: nothing is ignored, whether the issuer exists or not", async () => {
    expect(await ask({})).toBe(false);
    expect(await ask({}, false)).toBe(false);
    expect(await ignoresIssuer({}, issuer, signal)).toBe(false);
  });

  test.each<[string, IgnoreHooks, boolean]>([
    ["ignoreRequest says yes", { ignoreRequest: () => true }, true],
    ["ignoreRequest says no", { ignoreRequest: () => false }, false],
    ["ignoreRequest promises yes", { ignoreRequest: async () => true }, true],
    ["ignoreIssuer says yes", { ignoreIssuer: () => true }, true],
    ["ignoreIssuer promises yes", { ignoreIssuer: async () => true }, true],
    ["both say no", { ignoreRequest: () => false, ignoreIssuer: async () => false }, false],
  ])("%s", async (_, hooks, expected) => {
    expect(await ask(hooks)).toBe(expected);
  });

  test("ignoreRequest sees the request and its issuer, ignoreIssuer the object", async () => {
    const seen: unknown[] = [];
    await ask({
      ignoreRequest: (...args) => {
        seen.push(...args);
        return false;
      },
      ignoreIssuer: (object) => {
        seen.push(object);
        return false;
      },
    });
    expect(seen).toEqual([request, ref, issuer]);
  });

  test("where ignoreIssuer is given, a request whose issuer is missing is left alone: it may be another's", async () => {
    expect(await ask({ ignoreIssuer: () => false }, false)).toBe(true);
    expect(await ask({ ignoreRequest: () => false }, false)).toBe(false);
  });

  test.each<[string, IgnoreHooks]>([
    [
      "throws",
      {
        ignoreRequest: () => {
          throw new Error("no database");
        },
      },
    ],
    ["rejects", { ignoreRequest: () => Promise.reject(new Error("no database")) }],
  ])("a hook that %s is an error that names it", async (_, hooks) => {
    await expect(ask(hooks)).rejects.toThrow(
      "The hook ignoreRequest failed, so nothing was written: no database",
    );
  });

  test("a hook that hangs ends with the look that asked", async () => {
    const stop = new AbortController();
    const hooks = { ignoreIssuer: () => new Promise<boolean>(() => {}) };
    const running = ignoresIssuer(hooks, issuer, stop.signal);
    stop.abort(new Error("stopping"));
    await expect(running).rejects.toThrow("stopping");
  });
});

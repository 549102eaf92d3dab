import { describe, expect, test } from "vitest";
import { orAborted } from "./or-aborted.ts";

describe("orAborted", () => {
  const { signal } = new AbortController();

  test("is what the work ends with", async () => {
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(orAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  });

  test("ends with the signal's reason, before or while the work runs, which goes on", async () => {
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<number>();
    const [one, other] = [orAborted(promise, abort.signal), orAborted(promise, signal)];
    abort.abort(new Error("enough"));
    await expect(one).rejects.toThrow("enough");
    await expect(orAborted(promise, abort.signal)).rejects.toThrow("enough");
    resolve(7);
    expect(await other).toBe(7);
  });
});

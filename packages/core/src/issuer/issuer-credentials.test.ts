import { describe, expect, test } from "vitest";
import { KubeApiError } from "../kube/kube-api-error.ts";
import type { Secret } from "../kube/types.ts";
import { IssuerCredentials, noCredentials } from "./issuer-credentials.ts";
import type { SaveSecretOptions } from "./save-secret.ts";

const { signal } = new AbortController();
const base64 = (text: string) => Buffer.from(text).toString("base64");

function secret(name: string, data: Readonly<Record<string, string>>, resourceVersion: string): Secret {
  const metadata = { name, namespace: "team", uid: name, resourceVersion, creationTimestamp: "" };
  const encoded = Object.entries(data).map(([key, value]) => [key, base64(value)]);
  return { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) };
}

/** Credentials from two Secrets, `tokens` and `login`, whose writes the test answers. */
function credentials(write: (options: SaveSecretOptions) => Promise<Secret> | Secret = written) {
  const writes: SaveSecretOptions[] = [];
  const all = new IssuerCredentials({
    namespace: "team",
    refs: {
      refresh: { name: "tokens", key: "refresh-token" },
      access: { name: "tokens", key: "access-token" },
      password: { name: "login", key: "password" },
      pin: { name: "login", key: "pin" },
    },
    saves: ["refresh", "access", "password", "pin", "absent"],
    values: { refresh: "r1", access: "a1", password: "p1" },
    versions: new Map([
      ["tokens", "10"],
      ["login", "20"],
    ]),
    write: async (options) => {
      writes.push(options);
      return write(options);
    },
  });
  return { all, writes };
}

function written({ name, data, resourceVersion }: SaveSecretOptions): Secret {
  const secretData = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString(),
  ]);
  return secret(name, Object.fromEntries(secretData), String(Number(resourceVersion) + 1));
}

describe("IssuerCredentials", () => {
  test("saves the values of one Secret together, each in its key, based on the version of the last look", async () => {
    const { all, writes } = credentials();
    await all.save({ refresh: "r2", access: "a2" }, { signal });
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatchObject({
      namespace: "team",
      name: "tokens",
      resourceVersion: "10",
      data: { "refresh-token": base64("r2"), "access-token": base64("a2") },
      signal,
    });
    await all.save({ refresh: "r3", password: "p2" }, { signal });
    expect(writes.map(({ name, resourceVersion }) => `${name} ${resourceVersion}`)).toEqual([
      "tokens 10",
      "tokens 11",
      "login 20",
    ]);
  });

  test("counts its own saves as its values, from before the write to after it", async () => {
    const end = Promise.withResolvers<void>();
    const { all } = credentials(async (options) => {
      await end.promise;
      return written(options);
    });
    const values = (refresh: string) => ({ refresh, access: "a1", password: "p1" });
    const tokens = (refresh: string) =>
      secret("tokens", { "refresh-token": refresh, "access-token": "a1" }, "11");
    const saving = all.save({ refresh: "r2" }, { signal });
    await expect.poll(() => all.isCurrent(values("r2"))).toBe(true);
    expect(all.knows(tokens("r1")) && all.knows(tokens("r2")) && all.isCurrent(values("r1"))).toBe(true);
    end.resolve();
    await saving;
    expect(all.knows(tokens("r2")) && all.isCurrent(values("r2"))).toBe(true);
    expect(all.knows(tokens("r1")) || all.isCurrent(values("r1"))).toBe(false);
  });

  test("does not know what somebody else wrote, in whichever key", () => {
    const { all } = credentials();
    expect(all.knows(secret("tokens", { "refresh-token": "x", "access-token": "a1" }, "11"))).toBe(false);
    expect(all.knows(secret("tokens", { "refresh-token": "r1", "access-token": "x" }, "11"))).toBe(false);
    expect(all.knows(secret("tokens", { "refresh-token": "r1" }, "11"))).toBe(false);
    expect(all.knows(secret("tokens", { "refresh-token": "r1", "access-token": "a1", x: "y" }, "11"))).toBe(
      true,
    );
    expect(all.isCurrent({ refresh: "r1", access: "a1", password: "x" })).toBe(false);
  });

  test("knows of a key that is not there, and may be the first to save it", async () => {
    const { all, writes } = credentials();
    const values = { refresh: "r1", access: "a1", password: "p1" };
    expect(all.isCurrent(values)).toBe(true);
    expect(all.isCurrent({ ...values, pin: "1" })).toBe(false);
    expect(all.isCurrent({ refresh: "r1", access: "a1" })).toBe(false);
    expect(all.knows(secret("login", { password: "p1" }, "21"))).toBe(true);
    expect(all.knows(secret("login", { password: "p1", pin: "1" }, "21"))).toBe(false);
    await all.save({ pin: "2" }, { signal });
    expect(() => writes[0]?.judge(secret("login", { password: "p1" }, "21"))).not.toThrow();
    expect(() => writes[0]?.judge(secret("login", { pin: "1" }, "21"))).toThrow('key "pin"');
    expect(all.knows(secret("login", { password: "p1", pin: "2" }, "22"))).toBe(true);
  });

  test("writes again over what it had, and over what an earlier save may have left", async () => {
    const verdicts: (string | undefined)[] = [];
    let first = true;
    const { all } = credentials((options) => {
      if (first) {
        first = false;
        throw new Error("no answer");
      }
      for (const refresh of ["r1", "r2", "theirs"]) {
        try {
          options.judge(secret("tokens", { "refresh-token": refresh }, "12"));
          verdicts.push(undefined);
        } catch (error) {
          verdicts.push((error as Error).message);
        }
      }
      return written(options);
    });
    await expect(all.save({ refresh: "r2" }, { signal })).rejects.toThrow("no answer");
    await all.save({ refresh: "r3" }, { signal });
    expect(verdicts).toEqual([
      undefined,
      undefined,
      'Secret team/tokens has another value for the key "refresh-token" than this issuer last had, so the renewed one is not saved. Let one issuer alone renew it.',
    ]);
  });

  test("saves one after the other, and goes on after one that failed", async () => {
    const log: string[] = [];
    const { all } = credentials(async (options) => {
      const value = Buffer.from(options.data["refresh-token"] ?? "", "base64").toString();
      log.push(`begin ${value}`);
      await new Promise((done) => setTimeout(done, 5));
      log.push(`end ${value}`);
      if (value === "r2") throw new Error("failed");
      return written(options);
    });
    const saves = ["r2", "r3"].map((refresh) => all.save({ refresh }, { signal }));
    expect((await Promise.allSettled(saves)).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(log).toEqual(["begin r2", "end r2", "begin r3", "end r3"]);
  });

  test.each([
    [{ other: "x" }, '"other" is to be saved, but the definition does not have it in `savesCredentials`.'],
    [{ absent: "x" }, '"absent" is to be saved, but the issuer\'s spec names no Secret for it.'],
    [{ refresh: "r2", access: "" }, 'The value of "access" that is to be saved is empty.'],
  ])("refuses %j, and writes nothing of it", async (values, message) => {
    const { all, writes } = credentials();
    const failed = await all.save(values as Record<string, string>, { signal }).catch((error) => error);
    expect(failed).toMatchObject({ code: "ISSUER", message: expect.stringContaining(message) });
    expect(writes).toEqual([]);
  });

  test.each([
    [403, "ISSUER", 'Not allowed to write to Secret team/tokens. Grant the controller "patch" on it.'],
    [404, "ISSUER", "Secret team/tokens is gone, so a renewed value is not saved. Create it anew."],
    [422, "ISSUER", "Secret team/tokens does not take a renewed value: the server's words"],
    [
      401,
      "RETRYABLE",
      "A renewed value is not saved in Secret team/tokens: the Kubernetes API answered with HTTP 401.",
    ],
  ])("says what is wrong after %d", async (status, code, message) => {
    const { all } = credentials(() => {
      throw new KubeApiError({ status, reason: "", message: "the server's words", request: "PATCH" });
    });
    const failed = await all.save({ refresh: "r2" }, { signal }).catch((error) => error);
    expect(failed).toMatchObject({ code, message });
  });

  test("passes an abort on, and writes nothing after it", async () => {
    const reason = new Error("stopped");
    const { all, writes } = credentials();
    await expect(all.save({ refresh: "r2" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(writes).toEqual([]);
  });

  test("are not there for a definition that does not say that it saves any", async () => {
    const failed = await noCredentials.save({ refresh: "r2" }, { signal }).catch((error) => error);
    expect(failed).toMatchObject({ code: "ISSUER", message: expect.stringContaining("`savesCredentials`") });
    expect(failed.message).not.toContain("r2");
  });
});

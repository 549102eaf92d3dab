import { describe, expect, test } from "vitest";
import { IssuerError, RetryableError } from "../errors.ts";
import { type LeasedToken, TokenCache, type TokenSource } from "./token-cache.ts";

const server = "https://vault.example.com";
const never = new AbortController().signal;

interface Options {
  readonly leaseMs?: number;
  readonly renewable?: boolean;
  readonly revocable?: boolean;
  readonly renewedLeaseMs?: () => number;
}

/** A cache over a source that counts, with a clock that the test moves. */
function fixture({ leaseMs = 60_000, renewable = true, revocable = true, renewedLeaseMs }: Options = {}) {
  const world = {
    now: 0,
    logins: 0,
    renewals: 0,
    revoked: [] as string[],
    login: async (): Promise<void> => {},
    renew: async (): Promise<void> => {},
  };
  const tokenOf = (lease: number): LeasedToken => ({
    value: `t${world.logins}`,
    leaseMs: lease,
    renewable,
    revocable,
  });
  const source: TokenSource = {
    async login() {
      world.logins += 1;
      await world.login();
      return tokenOf(leaseMs);
    },
    async renew() {
      world.renewals += 1;
      await world.renew();
      return tokenOf(renewedLeaseMs?.() ?? leaseMs);
    },
    async revoke(_server, token) {
      world.revoked.push(token);
    },
  };
  const cache = new TokenCache({ source, clock: { monotonic: () => world.now }, random: () => 0.5 });
  return { world, cache, get: () => cache.get(server, never) };
}

/** Lets what runs in the background run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("TokenCache", () => {
  test("logs in once for everybody who asks at the same time", async () => {
    const { world, get } = fixture();
    expect(await Promise.all(Array.from({ length: 100 }, get))).toEqual(Array(100).fill("t1"));
    expect(await get()).toBe("t1");
    expect(world.logins).toBe(1);
  });

  test("lets one caller give up without the others", async () => {
    const { world, cache, get } = fixture();
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    world.login = () => promise;
    const abort = new AbortController();
    const first = cache.get(server, abort.signal);
    const second = get();
    abort.abort(new Error("given up"));
    await expect(first).rejects.toThrow("given up");
    finish();
    expect(await second).toBe("t1");
    expect(world.logins).toBe(1);
  });

  test("tells everybody of a login that failed, and tries again for the next", async () => {
    const { world, get } = fixture();
    world.login = async () => {
      throw new IssuerError("no");
    };
    const results = await Promise.allSettled([get(), get()]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(world.logins).toBe(1);
    world.login = async () => {};
    expect(await get()).toBe("t2");
  });

  test("renews at about two thirds of the lease, while calls go on with the token", async () => {
    const { world, get } = fixture();
    await get();
    world.now = 38_000;
    await get();
    expect(world.renewals).toBe(0);
    world.now = 40_000;
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    world.renew = () => promise;
    expect(await Promise.all([get(), get(), get()])).toEqual(["t1", "t1", "t1"]);
    expect(world.renewals).toBe(1);
    finish();
    await settle();
    world.now = 99_000;
    expect(await get()).toBe("t1");
    expect(world).toMatchObject({ logins: 1, renewals: 2 });
  });

  test("logs in anew for a token that cannot be renewed, before it ends", async () => {
    const { world, get } = fixture({ renewable: false, revocable: false });
    await get();
    world.now = 45_000;
    expect(await get()).toBe("t1");
    await settle();
    expect(await get()).toBe("t2");
    expect(world).toMatchObject({ logins: 2, renewals: 0 });
  });

  test("logs in anew where renewals grant less and less, as before the greatest age of a token", async () => {
    const { world, get } = fixture({ renewedLeaseMs: () => 20_000 });
    await get();
    world.now = 40_000;
    await get();
    await settle();
    world.now = 54_000;
    await get();
    await settle();
    expect(world).toMatchObject({ logins: 2, renewals: 1 });
  });

  test("waits for a login where the token has ended", async () => {
    const { world, get } = fixture();
    await get();
    world.now = 60_000;
    expect(await get()).toBe("t2");
    expect(world.renewals).toBe(0);
  });

  test("logs in where Vault refuses the renewal", async () => {
    const { world, get } = fixture();
    await get();
    world.now = 40_000;
    world.renew = async () => {
      throw new IssuerError("not renewable");
    };
    await get();
    await settle();
    expect(await get()).toBe("t2");
  });

  test("keeps the token over a renewal that failed for the moment, and tries again a little later", async () => {
    const { world, get } = fixture();
    await get();
    world.now = 40_000;
    world.renew = async () => {
      throw new RetryableError("503");
    };
    await get();
    await settle();
    world.now = 41_000;
    expect(await get()).toBe("t1");
    expect(world.renewals).toBe(1);
    world.now = 43_500;
    expect(await get()).toBe("t1");
    expect(world).toMatchObject({ logins: 1, renewals: 2 });
  });

  test("never renews a token without an end", async () => {
    const { world, get } = fixture({ leaseMs: 0 });
    await get();
    world.now = 1e12;
    expect(await get()).toBe("t1");
    expect(world).toMatchObject({ logins: 1, renewals: 0 });
  });

  test("replaces a refused token once, however many calls it was refused to", async () => {
    const { world, cache, get } = fixture();
    const token = await get();
    const replaced = await Promise.all([1, 2, 3].map(() => cache.replace(token, false, server, never)));
    expect(replaced).toEqual(["t2", "t2", "t2"]);
    expect(world.logins).toBe(2);
    expect(world.revoked).toEqual([]);
  });

  test("believes a denial by policy for a minute, then logs in once and gives the old token back", async () => {
    const { world, cache, get } = fixture({ leaseMs: 3_600_000 });
    const token = await get();
    expect(await cache.replace(token, true, server, never)).toBeUndefined();
    world.now = 60_000;
    expect(await cache.replace(token, true, server, never)).toBe("t2");
    await settle();
    expect(world).toMatchObject({ logins: 2, revoked: ["t1"] });
  });

  test("gives its token back when it is closed, and a batch token not", async () => {
    const service = fixture();
    await service.get();
    await service.cache.close();
    expect(service.world.revoked).toEqual(["t1"]);
    await expect(service.get()).rejects.toMatchObject({ issuedNothing: true });
    const batch = fixture({ renewable: false, revocable: false });
    await batch.get();
    await batch.cache.close();
    expect(batch.world.revoked).toEqual([]);
    await fixture().cache.close();
  });

  test("gives back a token whose login was under way when it was closed", async () => {
    const { world, cache, get } = fixture();
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    world.login = () => promise;
    const waiting = get().catch(() => undefined);
    const closed = cache.close();
    finish();
    await Promise.all([waiting, closed]);
    expect(world.revoked).toEqual(["t1"]);
  });
});

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { SessionPool } from "./session-pool.ts";

test("lends each session to one operation, opens at most so many, and serves waiters in their order", async () => {
  let opened = 0;
  const busy = new Set<number>();
  const ended: number[] = [];
  const pool = new SessionPool<number>({ max: 3, open: () => ++opened, close: () => {} });
  const work = (i: number) =>
    pool.use(async (session) => {
      expect(busy.has(session)).toBe(false);
      busy.add(session);
      await delay(2);
      busy.delete(session);
      ended.push(i);
    });
  await Promise.all(Array.from({ length: 30 }, (_, i) => work(i)));
  expect(opened).toBe(3);
  expect(ended).toEqual([...ended].sort((a, b) => a - b));
});

test("gives the place back when opening fails, and closes a session whose operation failed", async () => {
  const closed: number[] = [];
  let failing = true;
  const open = () => {
    if (failing) throw new Error("no session");
    return 1;
  };
  const pool = new SessionPool<number>({ max: 1, open, close: (session) => void closed.push(session) });
  await expect(pool.use(async () => {})).rejects.toThrow("no session");
  failing = false;
  await expect(pool.use(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(closed).toEqual([1]);
  await expect(pool.use(async (session) => session)).resolves.toBe(1);
});

import { expect, test } from "vitest";
import { Limiter } from "./limiter.ts";

const never = new AbortController().signal;

test("lets so many in, and the others in the order of their coming", async () => {
  const limiter = new Limiter(2);
  const order: string[] = [];
  const enter = (name: string) =>
    limiter.enter(never).then((leave) => {
      order.push(name);
      return leave;
    });
  const [a, b] = [await enter("a"), await enter("b")];
  const [c, d] = [enter("c"), enter("d")];
  await Promise.resolve();
  expect(order).toEqual(["a", "b"]);
  b();
  const leaveC = await c;
  expect(order).toEqual(["a", "b", "c"]);
  a();
  leaveC();
  (await d)();
  expect(order).toEqual(["a", "b", "c", "d"]);
});

test("a waiting caller that aborts is forgotten, and its place is not lost", async () => {
  const limiter = new Limiter(1);
  const leave = await limiter.enter(never);
  const abort = new AbortController();
  const gone = limiter.enter(abort.signal);
  const next = limiter.enter(never);
  abort.abort(new Error("gone"));
  await expect(gone).rejects.toThrow("gone");
  leave();
  (await next)();
  (await limiter.enter(never))();
  await expect(limiter.enter(abort.signal)).rejects.toThrow("gone");
});

import { expect, test } from "vitest";
import { withDeadline } from "./with-deadline.ts";

const never = () => new Promise<never>(() => {});
const late = () => new Error("too late");

test("resolves to what the call resolves to", async () => {
  const { signal } = new AbortController();
  await expect(withDeadline({ signal, timeoutMs: 1000, late }, async () => 5)).resolves.toBe(5);
});

test("goes on without a call that does not listen, and tells the call", async () => {
  let told: AbortSignal | undefined;
  const call = (signal: AbortSignal) => {
    told = signal;
    return never();
  };
  await expect(
    withDeadline({ signal: new AbortController().signal, timeoutMs: 5, late }, call),
  ).rejects.toThrow("too late");
  expect(told?.aborted).toBe(true);
});

test("ends with the caller's reason, also when the caller has aborted already", async () => {
  const stop = new AbortController();
  const running = withDeadline({ signal: stop.signal, timeoutMs: 1000, late }, never);
  stop.abort(new Error("stopping"));
  await expect(running).rejects.toThrow("stopping");
  let calls = 0;
  const call = () => {
    calls += 1;
    return never();
  };
  await expect(withDeadline({ signal: stop.signal, timeoutMs: 1000, late }, call)).rejects.toThrow(
    "stopping",
  );
  expect(calls).toBe(0);
});

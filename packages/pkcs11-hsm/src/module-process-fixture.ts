import { setTimeout as delay } from "node:timers/promises";
import type { CallMessage } from "./protocol.ts";

// For tests: speaks the protocol of module-process.ts, and misbehaves as the first byte of what it shall sign says.
process.on("message", (message) => void handle(message as CallMessage));
process.on("disconnect", () => process.exit(0));

const running = new Set<Promise<void>>();

async function handle(call: CallMessage): Promise<void> {
  const answer = (value: unknown) => process.send?.({ id: call.id, ok: true, value });
  if (call.kind === "close") await Promise.all(running);
  if (call.kind !== "sign") return void answer(call.kind === "open" ? { input: "message" } : undefined);
  switch (String.fromCharCode(call.input[0] ?? 0)) {
    case "c":
      process.kill(process.pid, "SIGSEGV");
      return;
    case "h":
      return;
    case "b":
      // Blocks the thread, as a module does in C_SignInit.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
      return;
    default: {
      const work = delay(call.input[1] ?? 0);
      running.add(work);
      await work;
      running.delete(work);
      answer(call.input);
    }
  }
}

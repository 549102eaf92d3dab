import { HsmFault } from "./hsm-fault.ts";
import { loadCryptoki } from "./module/cryptoki.ts";
import { tokenFault } from "./module/token-fault.ts";
import { TokenHost } from "./module/token-host.ts";
import type { AnswerMessage, CallMessage, ModuleAnswers, ModuleCall } from "./protocol.ts";

// The process in which a PKCS#11 module runs: one module, one token, one key. What the module breaks or blocks is this
// process alone. It is started by HsmProcess, is told everything by messages, and ends with its parent.
let host: TokenHost | undefined;

async function answer(call: ModuleCall): Promise<ModuleAnswers[ModuleCall["kind"]]> {
  if (call.kind === "open") {
    // Read by libuv when its pool is first used, which is now at the earliest. Each signing session occupies one thread.
    process.env.UV_THREADPOOL_SIZE = String(call.request.sessions + 4);
    host ??= new TokenHost(await loadCryptoki(call.request.modulePath), call.request);
    return host.open();
  }
  if (host === undefined) throw new HsmFault("unavailable", "the module is not open");
  switch (call.kind) {
    case "sign":
      return host.sign(call.input);
    case "check":
      return host.check().then(() => undefined);
    case "close":
      return host.close().then(() => undefined);
  }
}

async function handle({ id, ...call }: CallMessage): Promise<void> {
  let message: AnswerMessage;
  try {
    message = { id, ok: true, value: await answer(call as ModuleCall) };
  } catch (error) {
    const { kind, message: text, returnValue } = tokenFault(error, false);
    message = { id, ok: false, fault: { kind, message: text, returnValue } };
  }
  // The parent may be gone: then there is nobody to tell, and 'disconnect' ends this process.
  process.send?.(message, undefined, undefined, () => {});
}

process.on("message", (message) => void handle(message as CallMessage));
process.on("disconnect", () => process.exit(0));
// A terminal signals the whole group; the parent decides when the last operation has ended.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

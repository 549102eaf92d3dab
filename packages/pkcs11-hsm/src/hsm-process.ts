import { type ChildProcess, fork } from "node:child_process";
import { HsmFault } from "./hsm-fault.ts";
import { SessionPool } from "./module/session-pool.ts";
import type { AnswerMessage, ModuleAnswers, ModuleCall, OpenedKey, OpenRequest } from "./protocol.ts";

/** Options of {@link HsmProcess}. */
export interface HsmProcessOptions {
  readonly request: OpenRequest;
  /** Environment of the process; this process's own unless given. Modules find their configuration in it. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  /** Longest wait for one answer, in milliseconds. A process that misses it is killed. */
  readonly callTimeoutMs: number;
  /** What runs in the process; only tests name another. */
  readonly script?: URL | undefined;
}

interface Call {
  readonly resolve: (value: ModuleAnswers[keyof ModuleAnswers]) => void;
  readonly reject: (fault: HsmFault) => void;
}

interface Child {
  readonly process: ChildProcess;
  readonly calls: Map<number, Call>;
  readonly ended: Promise<void>;
  opened: Promise<OpenedKey> | undefined;
}

// Beside this file both in the sources and in the bundle.
const moduleProcess = new URL(
  import.meta.url.endsWith(".ts") ? "./module-process.ts" : "./module-process.js",
  import.meta.url,
);
const closeGraceMs = 2_000;
/** A busy machine takes a while to start a process; that is not the module's delay. */
const startGraceMs = 5_000;

/**
 * The process of one module with one token. It is started by the first call and again by the first call after its end;
 * whoever calls waits between tries. The module may block or crash it: a call that gets no answer in time has the
 * process killed, and every call that it had then fails as `unavailable`.
 */
export class HsmProcess {
  readonly #options: HsmProcessOptions;
  /**
   * More than the sessions, so that none is idle while an answer travels; few enough that a call's deadline measures the
   * module and not the queue before it.
   */
  readonly #places: SessionPool<undefined>;
  #child: Child | undefined;
  #lastId = 0;
  #closed = false;

  constructor(options: HsmProcessOptions) {
    this.#options = options;
    this.#places = new SessionPool({
      max: options.request.sessions * 2,
      open: () => undefined,
      close: () => {},
    });
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** Whether the process runs and has the key open, or is opening it. */
  get isOpen(): boolean {
    return this.#child?.opened !== undefined;
  }

  /** The opened key; opened now if it is not. Throws an {@link HsmFault}. */
  open(): Promise<OpenedKey> {
    const child = this.#running();
    child.opened ??= this.#call(child, { kind: "open", request: this.#options.request }).catch((error) => {
      child.opened = undefined;
      // A process whose token is away stays and looks again; any other fault is looked at afresh, by nobody who knows the PIN.
      if (!(error instanceof HsmFault) || error.kind !== "unavailable") this.#kill(child);
      throw error;
    });
    return child.opened;
  }

  /** Has the token sign, as `open` said; not where `signal` fires while it waits for its turn. Throws an {@link HsmFault}. */
  sign(input: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#places.use(async () => {
      signal?.throwIfAborted();
      return this.#call(this.#running(), { kind: "sign", input });
    });
  }

  /** Looks at token, login and key. Throws an {@link HsmFault}. */
  async check(): Promise<void> {
    await this.open();
    await this.#call(this.#running(), { kind: "check" });
  }

  /** Kills the process, as after a signature that does not verify. The next call starts another. */
  kill(): void {
    if (this.#child !== undefined) this.#kill(this.#child);
  }

  /** Lets running operations end, then the process; kills it after two seconds. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const timer = setTimeout(() => this.#kill(child), closeGraceMs);
    await this.#call(child, { kind: "close" }).catch(() => {});
    if (child.process.connected) child.process.disconnect();
    await child.ended;
    clearTimeout(timer);
  }

  #running(): Child {
    if (this.#closed) throw new HsmFault("unavailable", "the issuer is being stopped");
    this.#child ??= this.#start();
    return this.#child;
  }

  #start(): Child {
    const { env, script = moduleProcess } = this.#options;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const process = fork(script, [], {
      // No flags of ours, such as a debugger's port; what the module prints must not mix with our standard output.
      execArgv: [],
      stdio: ["ignore", 2, 2, "ipc"],
      serialization: "advanced",
      ...(env === undefined ? {} : { env }),
    });
    const child: Child = { process, calls: new Map(), ended, opened: undefined };
    process.on("message", (message) => this.#take(child, message as AnswerMessage));
    const end = (why: string) => {
      if (this.#child === child) this.#child = undefined;
      for (const { reject } of child.calls.values())
        reject(new HsmFault("unavailable", `the process of the PKCS#11 module ended with ${why}`));
      child.calls.clear();
      resolve();
    };
    process.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    process.once("error", (error) => end(error.message.split("\n")[0]?.slice(0, 200) ?? "an error"));
    return child;
  }

  #take(child: Child, message: AnswerMessage): void {
    const call = child.calls.get(message.id);
    child.calls.delete(message.id);
    if (message.ok) call?.resolve(message.value);
    else {
      const { kind, message: text, returnValue } = message.fault;
      call?.reject(new HsmFault(kind, text, returnValue));
    }
  }

  #call<Kind extends ModuleCall["kind"]>(
    child: Child,
    call: ModuleCall & { readonly kind: Kind },
  ): Promise<ModuleAnswers[Kind]> {
    const timeoutMs = this.#options.callTimeoutMs + (call.kind === "open" ? startGraceMs : 0);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<ModuleAnswers[keyof ModuleAnswers]>((resolve, reject) => {
      const timer = setTimeout(() => {
        settled(
          new HsmFault(
            "unavailable",
            `the PKCS#11 module did not answer within ${timeoutMs / 1000} s, so its process was killed`,
          ),
        );
        this.#kill(child);
      }, timeoutMs);
      const settled = (fault: HsmFault) => {
        clearTimeout(timer);
        child.calls.delete(id);
        reject(fault);
      };
      child.calls.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: settled,
      });
      child.process.send({ id, ...call }, (error) => {
        if (error !== null) settled(new HsmFault("unavailable", "the process of the PKCS#11 module is gone"));
      });
    }) as Promise<ModuleAnswers[Kind]>;
  }

  #kill(child: Child): void {
    if (this.#child === child) this.#child = undefined;
    child.process.kill("SIGKILL");
  }
}

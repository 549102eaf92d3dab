import type { CredentialGuard, SignatureAlgorithm } from "@countersign/issuer-signer";
import { HsmFault } from "./hsm-fault.ts";
import { HsmProcess } from "./hsm-process.ts";
import type { KeySelector, OpenedKey, TokenSelector } from "./protocol.ts";

/** One token: the module that reaches it, how it is recognised, and its PIN. */
export interface HsmTokenOptions {
  /** Absolute path of the PKCS#11 module. It is loaded in a process of its own. */
  readonly modulePath: string;
  /** For C_Initialize, as NSS softokn wants them. */
  readonly moduleParameters?: string | undefined;
  readonly token: TokenSelector;
  /** Left out only for tokens that need no login. */
  readonly pin?: string | undefined;
  /** Environment of the module's process, where modules find their configuration; this process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Whether one token can sign. */
export interface HsmTokenState {
  /** Label or serial number of the token. */
  readonly token: string;
  readonly up: boolean;
  /** One line for people. */
  readonly message: string;
}

interface Options extends HsmTokenOptions {
  readonly key: KeySelector;
  readonly algorithm: SignatureAlgorithm | undefined;
  readonly pss: boolean;
  readonly sessions: number;
  readonly callTimeoutMs: number;
  readonly owner: string;
  readonly pinGuard: CredentialGuard<HsmFault>;
  readonly onState: ((state: HsmTokenState) => void) | undefined;
}

/** Between two tries at a token that is away, in milliseconds: doubled each time, up to the second. */
const backOffMs = Object.freeze({ first: 100, last: 1_000 });

/** One token with its process, its back-off and the PINs that it refused. */
export class HsmToken {
  readonly #options: Options;
  readonly #process: HsmProcess;
  readonly #name: string;
  #failures = 0;
  #notBefore = 0;
  #fault: HsmFault | undefined;
  #up: boolean | undefined;

  constructor(options: Options) {
    const { modulePath, moduleParameters, token, key, pin, algorithm, pss, sessions } = options;
    const { callTimeoutMs, env } = options;
    this.#options = options;
    this.#name = token.label ?? token.serial ?? modulePath;
    this.#process = new HsmProcess({
      request: { modulePath, moduleParameters, token, key, pin, algorithm, pss, sessions },
      env,
      callTimeoutMs,
    });
  }

  /** When it may be tried again, in milliseconds from now; undefined where its fault needs people first. */
  get retryInMs(): number | undefined {
    if (this.#fault !== undefined && this.#fault.kind !== "unavailable") return undefined;
    return Math.max(0, this.#notBefore - performance.now());
  }

  /** Opens the key if it is not open and runs `work`; while the token is being waited for it throws its last fault. */
  async use<T>(work: (opened: OpenedKey) => Promise<T>): Promise<T> {
    if (this.#fault !== undefined && performance.now() < this.#notBefore) throw this.#fault;
    return this.#watched(async () => work(await this.#open()));
  }

  /** Looks at token, login and key, whatever was found before. Throws an {@link HsmFault}. */
  check(): Promise<void> {
    return this.#watched(async () => {
      await this.#open();
      await this.#process.check();
    });
  }

  /** Signs what {@link OpenedKey.input} asks for. Throws an {@link HsmFault}. */
  sign(input: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return this.#process.sign(input, signal);
  }

  /** A signature did not verify: nothing in its process is believed any more. */
  distrust(): void {
    this.#process.kill();
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  async #open(): Promise<OpenedKey> {
    if (this.#process.isOpen) return this.#process.open();
    const { pinGuard, pin = "" } = this.#options;
    const refusal = pinGuard.refusal(this.#identity(), pin);
    if (refusal !== undefined) throw refusal;
    return this.#process.open();
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#failures = 0;
      this.#fault = undefined;
      this.#tell(true, "the token signs");
      return result;
    } catch (error) {
      if (error instanceof HsmFault) this.#note(error);
      throw error;
    }
  }

  #note(fault: HsmFault): void {
    const { pinGuard, pin = "", owner } = this.#options;
    // Also where a login that was lost could not be renewed: a new process of the module must not try again.
    if (fault.kind === "pin" && pinGuard.refusal(this.#identity(), pin) === undefined)
      pinGuard.note(this.#identity(), pin, owner, fault);
    // Operations that failed together count as one failure.
    if (this.#fault === undefined || performance.now() >= this.#notBefore) {
      const wait = Math.min(backOffMs.first * 2 ** Math.min(this.#failures, 10), backOffMs.last);
      this.#notBefore = performance.now() + wait;
      this.#failures += 1;
    }
    this.#fault = fault;
    this.#tell(false, fault.message);
  }

  #tell(up: boolean, message: string): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#options.onState?.({ token: this.#name, up, message });
  }

  #identity(): string {
    const { modulePath, moduleParameters = "", token } = this.#options;
    return JSON.stringify([modulePath, moduleParameters, token.label, token.serial, token.model]);
  }
}

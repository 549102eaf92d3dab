import { createPublicKey, randomUUID } from "node:crypto";
import type { SignatureAlgorithm } from "@countersign/issuer-signer";
import { HsmFault } from "../hsm-fault.ts";
import type { OpenedKey, OpenRequest } from "../protocol.ts";
import { verifyTokenSignature } from "../verify-signature.ts";
import { CKA, CKF, CKR, CKU } from "./constants.ts";
import { type Cryptoki, type Handle, initialize } from "./cryptoki.ts";
import { type FoundKey, findKey } from "./find-key.ts";
import { type FoundToken, findToken } from "./find-token.ts";
import { Gate } from "./gate.ts";
import { hashMessage, mechanismsFor, type SigningMechanism } from "./mechanisms.ts";
import type { Remedy } from "./return-value.ts";
import { remedyFor, returnValue } from "./return-value.ts";
import { SessionPool } from "./session-pool.ts";
import { NotConnected, remedyOf, tokenFault } from "./token-fault.ts";

/** All that is lost when the login is: it is made anew as a whole. */
interface Connection {
  readonly token: FoundToken;
  /** Open as long as the connection: a token logs out when its last session is closed. It signs nothing. */
  readonly loginSession: Handle;
  readonly sessions: SessionPool<Handle>;
  readonly key: FoundKey;
  readonly mechanism: SigningMechanism;
  readonly opened: OpenedKey;
}

// Room for RSA of 8192 bits. CKR_BUFFER_TOO_SMALL would leave the operation active.
const signatureBytes = 1024;

/**
 * One key on one token, inside the process of its module. A failed operation is tried again on something newer: a new
 * session, then a new login with new handles, then the module finalised and initialised. Nothing is finalised or
 * logged out while an operation runs.
 */
export class TokenHost {
  readonly #cryptoki: Cryptoki;
  readonly #request: OpenRequest;
  readonly #gate = new Gate();
  /** Buffers of running operations: pkcs11js does not hold what its threads read and write (its issue 121). */
  readonly #held = new Set<readonly Buffer[]>();
  #connection: Connection | undefined;
  #initialized = false;
  #wasConnected = false;
  #epoch = 0;
  #refused: HsmFault | undefined;

  constructor(cryptoki: Cryptoki, request: OpenRequest) {
    this.#cryptoki = cryptoki;
    this.#request = request;
  }

  /** Connects, logs in, finds the key and has it sign a test message. Throws an {@link HsmFault}. */
  open(): Promise<OpenedKey> {
    return this.#climb(async () => this.#connected().opened);
  }

  /** Signs a hash or a message, as `open` said. Throws an {@link HsmFault}. */
  sign(input: Uint8Array): Promise<Uint8Array> {
    return this.#climb(() => {
      const { sessions, mechanism, key } = this.#connected();
      return sessions.use((session) => this.#sign(session, mechanism, key, input));
    });
  }

  /** Looks whether the token, the login and the key are still there; signs nothing. Throws an {@link HsmFault}. */
  check(): Promise<void> {
    return this.#climb(async () => {
      const { token, loginSession, key } = this.#connected();
      this.#cryptoki.C_GetSessionInfo(loginSession);
      this.#cryptoki.C_GetTokenInfo(token.slot);
      this.#cryptoki.C_GetAttributeValue(loginSession, key.handle, [{ type: CKA.KEY_TYPE }]);
    });
  }

  /** Waits for running operations, logs out and finalises the module. */
  close(): Promise<void> {
    return this.#gate.alone(() => this.#finalize());
  }

  /** Runs an operation and, where it fails, the ladder: at most one try on each step. */
  async #climb<T>(operation: () => Promise<T>): Promise<T> {
    const steps: readonly Remedy[] = ["session", "login", "module"];
    for (let next = 0; ; next += 1) {
      const seen = this.#epoch;
      try {
        return await this.#gate.shared(operation);
      } catch (error) {
        const remedy = remedyOf(error);
        next = Math.max(next, steps.indexOf(remedy));
        if (remedy === "never" || next >= steps.length) throw this.#fault(error);
        if (next > 0) await this.#gate.alone(() => this.#remake(next === 2, seen));
      }
    }
  }

  /** Makes the connection anew, unless somebody else has since the failure was seen. */
  async #remake(module: boolean, seen: number): Promise<void> {
    if (this.#refused !== undefined) throw this.#refused;
    if (this.#epoch !== seen && this.#connection !== undefined) return;
    const before = this.#connection;
    this.#connection = undefined;
    try {
      if (module || before === undefined) this.#finalize();
      else this.#quietly(() => this.#cryptoki.C_CloseAllSessions(before.token.slot));
      if (!this.#initialized) {
        initialize(this.#cryptoki, this.#request.moduleParameters);
        this.#initialized = true;
      }
      this.#connection = await this.#connect();
      this.#wasConnected = true;
      this.#epoch += 1;
    } catch (error) {
      const needsModule = !module && before !== undefined && remedyOf(error) !== "never";
      if (needsModule) return this.#remake(true, seen);
      throw this.#fault(error);
    }
  }

  async #connect(): Promise<Connection> {
    const cryptoki = this.#cryptoki;
    const { token: selector, key: keySelector, pin, sessions: max } = this.#request;
    const token = findToken(cryptoki, selector);
    const open = () => cryptoki.C_OpenSession(token.slot, CKF.SERIAL_SESSION);
    const loginSession = open();
    this.#login(token, loginSession, pin);
    const key = findKey(cryptoki, loginSession, keySelector);
    const close = (session: Handle) => this.#quietly(() => cryptoki.C_CloseSession(session));
    const sessions = new SessionPool({ max, open, close });
    const { algorithm, spki } = await this.#algorithm(key);
    const mechanism = await this.#choose({ token, sessions, key, algorithm, spki });
    const opened: OpenedKey = {
      spki,
      algorithm,
      input: mechanism.input,
      token: { label: token.label, serial: token.serial, model: token.model },
      keyLabel: key.label,
      keyIdHex: key.idHex,
      alwaysAuthenticate: key.alwaysAuthenticate,
    };
    return { token, loginSession, sessions, key, mechanism, opened };
  }

  /** One C_Login. A token that says that the next wrong PIN locks it is left to people. */
  #login(token: FoundToken, session: Handle, pin: string | undefined): void {
    if (pin === undefined) {
      if ((token.flags & CKF.LOGIN_REQUIRED) === 0) return;
      throw new HsmFault("configuration", "the token wants a PIN and none is configured; name one");
    }
    if ((token.flags & CKF.USER_PIN_LOCKED) !== 0)
      throw new HsmFault("pin", "the token's PIN is locked; unlock it with the security officer's PIN");
    if ((token.flags & CKF.USER_PIN_FINAL_TRY) !== 0)
      throw new HsmFault(
        "pin",
        "one more wrong PIN locks the token, so none is tried; log in with the right one by hand first",
      );
    try {
      this.#cryptoki.C_Login(session, CKU.USER, pin);
    } catch (error) {
      if (returnValue(error) !== CKR.USER_ALREADY_LOGGED_IN) throw error;
    }
  }

  async #algorithm(
    key: FoundKey,
  ): Promise<{ readonly algorithm: SignatureAlgorithm; readonly spki: Uint8Array }> {
    const { algorithm, pss } = this.#request;
    const spki = key.spki ?? this.#request.key.spki;
    if (spki === undefined)
      throw new HsmFault(
        "configuration",
        "the token does not show the public key; give the CA certificate, or store the public key beside the private",
      );
    if (algorithm !== undefined) return { spki, algorithm };
    // Loaded for ceremonies alone: it would take a third of the memory of an issuer's module process.
    const { keyAlgorithmOf, signatureAlgorithmForKey } = await import("@countersign/issuer-signer");
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    return { spki, algorithm: signatureAlgorithmForKey(keyAlgorithmOf(publicKey), { pss }) };
  }

  /** The first mechanism with which the key signs a test message so that the public key verifies it. */
  async #choose(candidate: {
    readonly token: FoundToken;
    readonly sessions: SessionPool<Handle>;
    readonly key: FoundKey;
    readonly algorithm: SignatureAlgorithm;
    readonly spki: Uint8Array;
  }): Promise<SigningMechanism> {
    const { token, sessions, key, algorithm, spki } = candidate;
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    // Starts with letters, so it can be no DER of a certificate, a CRL or a request.
    const message = Buffer.from(`countersign: test of a key, ${randomUUID()}`);
    const offered = new Set(this.#cryptoki.C_GetMechanismList(token.slot));
    let failure: unknown;
    for (const mechanism of mechanismsFor(algorithm)) {
      const { mechanism: number } = mechanism.mechanism;
      if (!offered.has(number)) continue;
      if ((this.#cryptoki.C_GetMechanismInfo(token.slot, number).flags & CKF.SIGN) === 0) continue;
      const input = mechanism.input === "digest" ? hashMessage(algorithm, message) : message;
      try {
        const signature = await sessions.use((session) => this.#sign(session, mechanism, key, input));
        if (verifyTokenSignature(algorithm, publicKey, message, signature)) return mechanism;
        // Where the token shows the right public key, the key is right and the token wrong.
        failure =
          key.spki === undefined
            ? new HsmFault(
                "configuration",
                "the key's test signature does not verify with the CA certificate; check both",
              )
            : new HsmFault(
                "unavailable",
                "the token's test signature does not verify with its own public key",
              );
      } catch (error) {
        const value = returnValue(error);
        if (remedyFor(value) !== "never" || this.#fault(error).kind === "pin") throw error;
        failure = error;
      }
    }
    throw (
      failure ??
      new HsmFault("configuration", `the token offers no mechanism for ${algorithm}; use another key type`)
    );
  }

  async #sign(
    session: Handle,
    { mechanism, prefix }: SigningMechanism,
    key: FoundKey,
    input: Uint8Array,
  ): Promise<Uint8Array> {
    this.#cryptoki.C_SignInit(session, mechanism, key.handle);
    if (key.alwaysAuthenticate)
      this.#cryptoki.C_Login(session, CKU.CONTEXT_SPECIFIC, this.#request.pin ?? "");
    const held = [Buffer.concat([prefix, input]), Buffer.alloc(signatureBytes)] as const;
    this.#held.add(held);
    try {
      return Uint8Array.from(await this.#cryptoki.C_SignAsync(session, ...held));
    } finally {
      this.#held.delete(held);
    }
  }

  #connected(): Connection {
    if (this.#refused !== undefined) throw this.#refused;
    if (this.#connection === undefined) throw new NotConnected();
    return this.#connection;
  }

  #finalize(): void {
    this.#connection = undefined;
    if (this.#initialized) this.#quietly(() => this.#cryptoki.C_Finalize());
    this.#initialized = false;
  }

  /** Translates, and remembers a refused PIN: no step of the ladder may try it again. */
  #fault(error: unknown): HsmFault {
    const fault = tokenFault(error, this.#wasConnected);
    if (fault.kind === "pin") this.#refused = fault;
    return fault;
  }

  /** For clean-up after a failure, where a second failure says nothing new. */
  #quietly(cleanUp: () => void): void {
    try {
      cleanUp();
    } catch (error) {
      if (returnValue(error) === undefined) throw error;
    }
  }
}

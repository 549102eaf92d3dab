import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { CKA, CKF, CKK, CKO, CKR } from "./constants.ts";
import type { Cryptoki, Handle } from "./cryptoki.ts";

/** A key in the fake token. */
export interface FakeKey {
  readonly id: string;
  readonly label: string;
  readonly key: KeyObject;
  readonly alwaysAuthenticate?: boolean;
  /** Whether the token shows a public key object beside it. */
  readonly showsPublicKey?: boolean;
}

const uint = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** For tests: a P-256 key. */
export function fakeKey(overrides: Partial<FakeKey> = {}): FakeKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { id: "01", label: "ca", key: privateKey, ...overrides };
}

/** The error of pkcs11js for a return value. */
export function ckError(value: number): Error {
  return Object.assign(new Error(`CKR_SOMETHING:${value}`), { code: value });
}

/**
 * For tests: a module with one token in memory that keeps the rules of PKCS#11 (sessions, login, handles that a logout
 * ends, one operation for each session) and fails on demand. It crashes the test where a real module crashes the process.
 */
export class FakeCryptoki {
  readonly calls: string[] = [];
  readonly keys: FakeKey[];
  pin = "1234";
  label = "ca1";
  present = true;
  flags: number = CKF.LOGIN_REQUIRED;
  mechanisms: number[] = [0x1041];
  /** Return values for the next calls of a function, the first first; 0 lets one call pass. */
  readonly failures = new Map<string, number[]>();
  /** Held back signatures: each is made when its function is called. */
  holdSigning = false;
  readonly held: (() => void)[] = [];
  #initialized = false;
  #loggedIn = false;
  #login = 0;
  #sessions = new Map<string, { active: Handle | undefined; authenticated: boolean }>();
  #last = 0;
  #found: Handle[] = [];
  #signing = 0;

  constructor(keys: FakeKey[] = [fakeKey()]) {
    this.keys = keys;
  }

  /** How often the function was called. */
  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  get cryptoki(): Cryptoki {
    const { label } = this;
    return {
      C_Initialize: () => {
        this.#enter("C_Initialize", false);
        this.#initialized = true;
      },
      C_Finalize: () => {
        this.#enter("C_Finalize");
        if (this.#signing > 0)
          throw new Error("a real module would have crashed here: C_Finalize while signing");
        this.#initialized = false;
        this.#logout();
      },
      C_GetSlotList: () => {
        this.#enter("C_GetSlotList");
        return this.present ? [uint(7)] : [];
      },
      C_GetTokenInfo: () => {
        this.#enter("C_GetTokenInfo");
        return {
          label: label.padEnd(32),
          serialNumber: "42".padEnd(16),
          model: "fake",
          flags: this.flags,
        } as never;
      },
      C_GetMechanismList: () => this.mechanisms,
      C_GetMechanismInfo: () => ({ minKeySize: 0, maxKeySize: 0, flags: CKF.SIGN }),
      C_OpenSession: () => {
        this.#enter("C_OpenSession");
        this.#last += 1;
        const handle = uint(this.#last);
        this.#sessions.set(handle.toString("hex"), { active: undefined, authenticated: false });
        return handle;
      },
      C_CloseSession: (session) => {
        this.#enter("C_CloseSession");
        this.#sessions.delete(session.toString("hex"));
      },
      C_CloseAllSessions: () => {
        this.#enter("C_CloseAllSessions");
        this.#logout();
      },
      C_GetSessionInfo: (session) => {
        this.#enter("C_GetSessionInfo");
        this.#session(session);
        return {} as never;
      },
      C_Login: (session, userType, pin) => {
        this.#enter(userType === 2 ? "C_Login(context)" : "C_Login");
        if (pin !== this.pin) throw ckError(CKR.PIN_INCORRECT);
        if (userType === 2) this.#session(session).authenticated = true;
        else if (this.#loggedIn) throw ckError(CKR.USER_ALREADY_LOGGED_IN);
        else {
          this.#loggedIn = true;
          this.#login += 1;
        }
      },
      C_FindObjectsInit: (session, template) => {
        this.#enter("C_FindObjectsInit");
        this.#session(session);
        const asked = (type: number) => template.find((attribute) => attribute.type === type)?.value;
        const isPrivate = asked(CKA.CLASS) === CKO.PRIVATE_KEY;
        this.#found = this.keys.flatMap((key, index) => {
          const fits =
            (isPrivate ? this.#loggedIn : key.showsPublicKey !== false) &&
            (asked(CKA.ID) === undefined || (asked(CKA.ID) as Buffer).toString("hex") === key.id) &&
            (asked(CKA.LABEL) === undefined || String(asked(CKA.LABEL)) === key.label);
          return fits ? [uint((isPrivate ? 1000 * this.#login : 500) + index)] : [];
        });
      },
      C_FindObjects: ((_session: Handle, count: number) =>
        this.#found.splice(0, count)) as Cryptoki["C_FindObjects"],
      C_FindObjectsFinal: () => {},
      C_GetAttributeValue: (_session, object, [attribute]) => {
        this.#enter("C_GetAttributeValue");
        const { key, isPrivate } = this.#object(object);
        const { x = "", y = "" } = key.key.export({ format: "jwk" });
        const point = Buffer.concat([
          Buffer.from("044104", "hex"),
          Buffer.from(x, "base64url"),
          Buffer.from(y, "base64url"),
        ]);
        const values = new Map([
          [CKA.KEY_TYPE as number, uint(CKK.EC)],
          [CKA.ID, Buffer.from(key.id, "hex")],
          [CKA.LABEL, Buffer.from(key.label)],
          [CKA.EC_PARAMS, Buffer.from("06082a8648ce3d030107", "hex")],
          [CKA.ALWAYS_AUTHENTICATE, Buffer.from([key.alwaysAuthenticate === true ? 1 : 0])],
          ...(isPrivate ? [] : [[CKA.EC_POINT, point] as const]),
        ]);
        const value = values.get(attribute?.type ?? -1);
        if (value === undefined) throw ckError(0x12);
        return [{ type: attribute?.type ?? 0, value }];
      },
      C_SignInit: (session, _mechanism, key) => {
        this.#enter("C_SignInit");
        if (!this.#loggedIn) throw ckError(CKR.USER_NOT_LOGGED_IN);
        const state = this.#session(session);
        if (state.active !== undefined) throw ckError(CKR.OPERATION_ACTIVE);
        this.#object(key);
        state.active = key;
      },
      C_SignAsync: async (session, data) => {
        this.#enter("C_Sign");
        const state = this.#session(session);
        const { key } = this.#object(state.active ?? Buffer.alloc(8));
        if (key.alwaysAuthenticate === true && !state.authenticated) throw ckError(CKR.USER_NOT_LOGGED_IN);
        this.#signing += 1;
        if (this.holdSigning) await new Promise<void>((resolve) => this.held.push(resolve));
        this.#signing -= 1;
        state.active = undefined;
        state.authenticated = false;
        // CKM_ECDSA signs a hash; node:crypto signs hashes only through one that it makes, so the fake takes the message.
        return sign("sha256", data, { key: key.key, dsaEncoding: "ieee-p1363" });
      },
    };
  }

  #enter(name: string, needsInitialized = true): void {
    this.calls.push(name);
    if (needsInitialized && !this.#initialized) throw ckError(CKR.CRYPTOKI_NOT_INITIALIZED);
    const value = this.failures.get(name)?.shift() ?? 0;
    if (value !== 0) throw ckError(value);
  }

  #session(handle: Handle) {
    const state = this.#sessions.get(handle.toString("hex"));
    if (state === undefined) throw ckError(CKR.SESSION_HANDLE_INVALID);
    return state;
  }

  #object(handle: Handle) {
    const number = handle.readUInt32LE();
    const isPrivate = number >= 1000;
    const index = isPrivate ? number - 1000 * this.#login : number - 500;
    const key = this.keys[index];
    if (key === undefined || (isPrivate && !this.#loggedIn)) throw ckError(CKR.OBJECT_HANDLE_INVALID);
    return { key, isPrivate };
  }

  #logout(): void {
    this.#sessions.clear();
    this.#loggedIn = false;
  }
}

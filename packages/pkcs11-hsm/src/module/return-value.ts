import { CKR } from "./constants.ts";

/** The CK_RV behind an error of pkcs11js; undefined where it is none. C_FindObjects throws a plain Error with the number in its text. */
export function returnValue(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, , digits] = /(CKR_\w+):(\d+)/.exec(error.message) ?? [];
  if (digits !== undefined) return Number(digits);
  if (!/^CKR_/.test(error.message) || !("code" in error) || typeof error.code !== "number") return undefined;
  return error.code;
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(CKR).map(([name, value]) => [value, `CKR_${name}`]),
);

/** The return value for people, such as `CKR_DEVICE_ERROR (0x30)`; only the number where the name is not known here. */
export function returnValueText(value: number): string {
  const hex = `0x${value.toString(16)}`;
  const name = names.get(value);
  return name === undefined ? `return value ${hex}` : `${name} (${hex})`;
}

/**
 * What has to be made anew before the call may be tried again, from the least to the most: a session, the login with all
 * sessions and handles, the module itself (C_Finalize and C_Initialize: measured to be the only cure for a lost
 * connection and for a token that went away and came back). `never`: the same call will fail again.
 */
export type Remedy = "session" | "login" | "module" | "never";

const session: readonly number[] = [
  CKR.SESSION_CLOSED,
  CKR.SESSION_HANDLE_INVALID,
  CKR.OPERATION_ACTIVE,
  CKR.OPERATION_NOT_INITIALIZED,
];
const login: readonly number[] = [
  CKR.USER_NOT_LOGGED_IN,
  CKR.OBJECT_HANDLE_INVALID,
  CKR.KEY_HANDLE_INVALID,
  CKR.SESSION_COUNT,
];
const never: readonly number[] = [
  CKR.PIN_INCORRECT,
  CKR.PIN_INVALID,
  CKR.PIN_LEN_RANGE,
  CKR.PIN_EXPIRED,
  CKR.PIN_LOCKED,
  CKR.USER_PIN_NOT_INITIALIZED,
  CKR.MECHANISM_INVALID,
  CKR.MECHANISM_PARAM_INVALID,
  CKR.KEY_FUNCTION_NOT_PERMITTED,
  CKR.KEY_TYPE_INCONSISTENT,
  CKR.KEY_SIZE_RANGE,
];

/** The least remedy for a return value. What is not known here, vendors' own values too, calls for the whole ladder. */
export function remedyFor(value: number | undefined): Remedy {
  if (value === undefined) return "module";
  if (session.includes(value)) return "session";
  if (login.includes(value)) return "login";
  return never.includes(value) ? "never" : "module";
}

/** Whether the value is the token's verdict on the PIN: the one kind of error that a retry makes worse. */
export function isPinRefusal(value: number | undefined): boolean {
  return (
    value === CKR.PIN_INCORRECT ||
    value === CKR.PIN_INVALID ||
    value === CKR.PIN_LEN_RANGE ||
    value === CKR.PIN_EXPIRED ||
    value === CKR.PIN_LOCKED ||
    value === CKR.USER_PIN_NOT_INITIALIZED
  );
}

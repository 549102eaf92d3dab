import { HsmFault } from "../hsm-fault.ts";
import { KeyNotFound } from "./find-key.ts";
import { isPinRefusal, type Remedy, remedyFor, returnValue, returnValueText } from "./return-value.ts";

/** Thrown by an operation that finds the token not connected: the ladder connects it. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";
}

/** The least that must be made anew before the operation may be tried again. */
export function remedyOf(error: unknown): Remedy {
  if (error instanceof HsmFault) return "never";
  if (error instanceof NotConnected) return "module";
  return remedyFor(returnValue(error));
}

/**
 * The fault that the issuer is told. A key that is not found counts as a token that is away where it was found before:
 * tokens hide their private keys, without an error, when they were removed or logged out.
 */
export function tokenFault(error: unknown, wasConnected: boolean): HsmFault {
  if (error instanceof KeyNotFound && wasConnected)
    return new HsmFault("unavailable", "the token no longer shows the key; it may be removed or logged out");
  if (error instanceof HsmFault) return error;
  const value = returnValue(error);
  if (value === undefined) {
    const text = error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : "unknown error";
    return new HsmFault("unavailable", `the PKCS#11 module failed (${text.slice(0, 200)})`);
  }
  const text = returnValueText(value);
  if (isPinRefusal(value))
    return new HsmFault(
      "pin",
      `the token refused the PIN with ${text}; correct it, it is not tried again`,
      value,
    );
  return remedyFor(value) === "never"
    ? new HsmFault(
        "configuration",
        `the key cannot sign as asked: ${text}; check the key's attributes`,
        value,
      )
    : new HsmFault("unavailable", `the token failed with ${text}`, value);
}

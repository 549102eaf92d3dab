/**
 * What went wrong with a token, as it travels between the module's process and the issuer:
 *
 * - `pin`: the token refused the PIN. The same PIN is never tried again.
 * - `configuration`: key missing or ambiguous, no fitting mechanism, module not loadable. Trying again is safe, and futile
 *   until somebody changes something.
 * - `unavailable`: token or module not there, or not answering. Another token may serve, or this one later.
 */
export type HsmFaultKind = "pin" | "configuration" | "unavailable";

/** A fault of one token. Its message is one line and holds neither PIN nor key. */
export class HsmFault extends Error {
  override readonly name = "HsmFault";
  readonly kind: HsmFaultKind;
  /** The CK_RV behind it, where there is one. */
  readonly returnValue: number | undefined;

  constructor(kind: HsmFaultKind, message: string, returnValue?: number) {
    super(message);
    this.kind = kind;
    this.returnValue = returnValue;
  }
}

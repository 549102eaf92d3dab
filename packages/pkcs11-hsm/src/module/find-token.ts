import { HsmFault } from "../hsm-fault.ts";
import type { TokenSelector } from "../protocol.ts";
import type { Cryptoki, Handle } from "./cryptoki.ts";
import { returnValue } from "./return-value.ts";

/** A slot with the token that was looked for. */
export interface FoundToken {
  readonly slot: Handle;
  readonly label: string;
  readonly serial: string;
  readonly model: string;
  /** CKF_ flags of the token. */
  readonly flags: number;
}

/**
 * The one token that the selector describes. Tokens are found by label and serial, never by slot number, which changes
 * when a token is initialised anew. A module whose device or server is away may show no slots at all.
 */
export function findToken(cryptoki: Cryptoki, selector: TokenSelector): FoundToken {
  const present = listTokens(cryptoki);
  const found = present.filter(
    (token) =>
      (selector.label === undefined || selector.label === token.label) &&
      (selector.serial === undefined || selector.serial === token.serial) &&
      (selector.model === undefined || selector.model === token.model),
  );
  const [token, ...more] = found;
  if (token === undefined)
    throw new HsmFault(
      "unavailable",
      `no token ${describe(selector)} is present (${present.length} others are)`,
    );
  if (more.length > 0)
    throw new HsmFault(
      "configuration",
      `${found.length} tokens match ${describe(selector)}; name the serial number too`,
    );
  return token;
}

/** Every token that is present and readable. */
export function listTokens(cryptoki: Cryptoki): FoundToken[] {
  return cryptoki.C_GetSlotList(true).flatMap((slot) => {
    try {
      const { label, serialNumber, model, flags } = cryptoki.C_GetTokenInfo(slot);
      return [{ slot, label: unpad(label), serial: unpad(serialNumber), model: unpad(model), flags }];
    } catch (error) {
      // A slot whose token was just removed, or is not ours to read, is as good as empty.
      if (returnValue(error) === undefined) throw error;
      return [];
    }
  });
}

/** Fixed-width texts are padded with blanks, and by some modules with NUL. */
function unpad(text: string): string {
  return text.replace(/[ \0]+$/, "");
}

function describe({ label, serial, model }: TokenSelector): string {
  const parts = [
    label === undefined ? [] : [`labelled ${JSON.stringify(label)}`],
    serial === undefined ? [] : [`with serial number ${JSON.stringify(serial)}`],
    model === undefined ? [] : [`of model ${JSON.stringify(model)}`],
  ].flat();
  return parts.join(" ") || "at all";
}

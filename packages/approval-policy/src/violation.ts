import { quoted } from "@countersign/issuer-signer";

/** One way in which a request is not what a policy wants. */
export interface Violation {
  /** The field of the policy, as approver-policy names it, or the part of the request that no field speaks of. */
  readonly path: string;
  readonly wanted: string;
  readonly got: string;
  /** Path, expectation and value in one printable line. */
  readonly message: string;
}

const shown = 8;

/** A violation with its line; values are quoted and shortened for it. */
export function violation(path: string, wanted: string, got: string | readonly string[]): Violation {
  const values = typeof got === "string" ? [got] : got;
  const quotedValues = values.slice(0, shown).map(quoted).join(", ");
  const more = values.length > shown ? ` and ${values.length - shown} more` : "";
  const what = values.length === 0 ? "nothing" : `${quotedValues}${more}`;
  return {
    path,
    wanted,
    got: values.join(", "),
    message: printable(`${path}: wanted ${wanted}, got ${what}`),
  };
}

function printable(text: string): string {
  const line = text.replace(/[^\x20-\x7e]/g, "?");
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
}

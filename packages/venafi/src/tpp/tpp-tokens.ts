import { IssuerError } from "@countersign/issuer-signer";
import { numberField, textField, type VenafiAnswer } from "../answer.ts";
import { said } from "../server-error.ts";

/** The tokens that VEDauth answers with. */
export interface TppTokens {
  readonly accessToken: string;
  /** For how long it is valid from now, in milliseconds; 0 where nothing says so. */
  readonly accessMs: number;
  /** Absent where the API integration gives none. */
  readonly refreshToken: string | undefined;
  /** End of the grant in milliseconds since the epoch, when refreshing ends too. */
  readonly refreshUntil: number | undefined;
}

/** Reads the answer to a login or a refresh. Throws an IssuerError where it has no token. */
export function readTokens(answer: VenafiAnswer, now: number): TppTokens {
  const { json } = answer;
  const accessToken = textField(json, "access_token");
  if (accessToken === undefined)
    throw new IssuerError(
      `${said("TPP", answer)} to a login without a token. Check that tpp.url is a TPP's.`,
    );
  const expires = numberField(json, "expires");
  // The lifetime before the date: two clocks may differ.
  const seconds = numberField(json, "expires_in") ?? (expires === undefined ? 0 : expires - now / 1000);
  const until = numberField(json, "refresh_until");
  return {
    accessToken,
    accessMs: Math.max(0, Math.floor(seconds * 1000)),
    refreshToken: textField(json, "refresh_token"),
    refreshUntil: until === undefined ? undefined : until * 1000,
  };
}

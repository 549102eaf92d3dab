import type { HttpClient } from "@countersign/issuer-signer";
import type { VaultAnswer } from "../vault-answer.ts";

/** One way to log in. */
export interface AuthMethod {
  /** For messages, such as `AppRole login at auth/approle`. */
  readonly label: string;
  /** Where the login is posted, below `/v1/`. */
  readonly path: string;
  /** Client whose TLS identity is the credential, where it is one: Vault wants it again for a renewal. */
  readonly http?: HttpClient | undefined;
  /** Body of the login; made anew for each, since what is in it may expire. */
  credentials(signal: AbortSignal): Promise<object>;
  /** What a refusal most likely means and what to do, as one or more sentences. */
  hint(answer: VaultAnswer): string;
}

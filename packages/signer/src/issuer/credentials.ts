/** Options of {@link Credentials.save}. */
export interface SaveCredentialsOptions {
  /** Ends the tries; whether anything was written is then not known. */
  readonly signal: AbortSignal;
}

/** New values by the names that `secrets` gave; none where there are no names. */
export type SavedCredentials<Name extends string> = [Name] extends [never]
  ? never
  : Readonly<Partial<Record<Name, string>>>;

/**
 * Writes credentials that the PKI has renewed back into the Secrets that they came from, such as a refresh token that may be
 * used once. `Name` are those that the definition gave as `savesCredentials`.
 */
export interface Credentials<Name extends string = never> {
  /**
   * Puts the new values where `secrets` took the old ones from. It resolves when they are stored: use a value that replaces
   * one of a single use only then. Values of one Secret are written together; those of several one Secret after the other.
   *
   * The signer stays as it is: what it saved itself makes no new one, and is in `secrets` of the next. When `save` rejects,
   * keep the values and save them again: a repeat changes nothing.
   *
   * @throws IssuerError when somebody else has changed a value that would be overwritten, the Secret is gone, cannot be
   * changed, or may not be; what aborted the signal; an error of the SDK when this process leads no more
   */
  save(values: SavedCredentials<Name>, options: SaveCredentialsOptions): Promise<void>;
}

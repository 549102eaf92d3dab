import {
  type Credentials,
  IssuerError,
  RetryableError,
  type SaveCredentialsOptions,
  type SecretKeyRef,
} from "@countersign/issuer-signer";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import type { Secret } from "../kube/types.ts";
import type { SaveSecretOptions } from "./save-secret.ts";

type Values = Readonly<Record<string, string | Uint8Array>>;

/** What {@link IssuerCredentials} is made of. */
export interface IssuerCredentialsOptions {
  readonly namespace: string;
  /** Where the Secret values of the issuer are, by the names that the definition gives them. */
  readonly refs: Readonly<Record<string, Pick<SecretKeyRef, "name" | "key">>>;
  /** Which of them may be saved. */
  readonly saves: readonly string[];
  /** The values that the signer is made with. */
  readonly values: Values;
  /** The resourceVersions of the Secrets that they are from, by name. */
  readonly versions: ReadonlyMap<string, string>;
  readonly write: (options: SaveSecretOptions) => Promise<Secret>;
}

/** One value that is to be saved. */
interface Renewal {
  readonly called: string;
  readonly secret: string;
  readonly key: string;
  /** In base64, as all values here. */
  readonly value: string;
}

/**
 * The Secret values of one connection, of which its signer may save some. Knows what it has saved itself, so that the change
 * of a Secret that this makes is not taken for somebody else's.
 */
export class IssuerCredentials implements Credentials<string> {
  readonly #options: IssuerCredentialsOptions;
  /**
   * What each value may be in its Secret: the one that is known to be there, empty for a key that is not, and those that
   * since were to be saved.
   */
  readonly #possible: Map<string, readonly string[]>;
  readonly #versions: Map<string, string>;
  #last: Promise<void> = Promise.resolve();

  constructor(options: IssuerCredentialsOptions) {
    this.#options = options;
    const { refs, values } = options;
    this.#possible = new Map(Object.keys(refs).map((called) => [called, [encoded(values[called])]]));
    this.#versions = new Map(options.versions);
  }

  /** One after the other, so that the last value that is given is the one that stays. */
  save(values: Readonly<Record<string, string>>, options: SaveCredentialsOptions): Promise<void> {
    const saved = this.#last.then(() => this.#save(values, options));
    this.#last = saved.catch(() => {});
    return saved;
  }

  /** Whether these are the connection's values, its own saves included. */
  isCurrent(values: Values): boolean {
    return Object.keys(this.#options.refs).every((called) => this.#isOurs(called, encoded(values[called])));
  }

  /** Whether all that the issuer has from this Secret is what the connection has: then its change is no news. */
  knows({ metadata, data }: Secret): boolean {
    return Object.entries(this.#options.refs).every(
      ([called, { name, key }]) => name !== metadata.name || this.#isOurs(called, data?.[key]),
    );
  }

  #isOurs(called: string, value = ""): boolean {
    return this.#possible.get(called)?.includes(value) === true;
  }

  async #save(values: Readonly<Record<string, string>>, { signal }: SaveCredentialsOptions): Promise<void> {
    signal.throwIfAborted();
    const renewals = Object.entries(values).map(([called, value]) => this.#renewal(called, value));
    for (const [secret, entries] of Map.groupBy(renewals, ({ secret }) => secret))
      await this.#write(secret, entries, signal);
  }

  #renewal(called: string, value: string): Renewal {
    const { saves, refs } = this.#options;
    if (!saves.includes(called))
      throw new IssuerError(
        `"${called}" is to be saved, but the definition does not have it in \`savesCredentials\`. Add it.`,
      );
    const ref = refs[called];
    if (ref === undefined)
      throw new IssuerError(`"${called}" is to be saved, but the issuer's spec names no Secret for it.`);
    // An empty value reads as a missing one.
    if (value === "") throw new IssuerError(`The value of "${called}" that is to be saved is empty.`);
    return { called, secret: ref.name, key: ref.key, value: encoded(value) };
  }

  async #write(name: string, renewals: readonly Renewal[], signal: AbortSignal): Promise<void> {
    const { namespace, write } = this.#options;
    const where = `Secret ${namespace}/${name}`;
    const before = new Map(renewals.map(({ called }) => [called, this.#possible.get(called) ?? []]));
    const judge = ({ data }: Secret) => {
      const other = renewals.find(({ called, key }) => !before.get(called)?.includes(data?.[key] ?? ""));
      if (other === undefined) return;
      throw new IssuerError(
        `${where} has another value for the key "${other.key}" than this issuer last had, so the renewed one is not saved. Let one issuer alone renew it.`,
      );
    };
    for (const { called, value } of renewals)
      this.#possible.set(called, [...new Set([...(before.get(called) ?? []), value])]);
    try {
      const { metadata } = await write({
        namespace,
        name,
        resourceVersion: this.#versions.get(name),
        data: Object.fromEntries(renewals.map(({ key, value }) => [key, value])),
        judge,
        signal,
      });
      this.#versions.set(name, metadata.resourceVersion);
      for (const { called, value } of renewals) this.#possible.set(called, [value]);
    } catch (error) {
      throw saveError(error, where);
    }
  }
}

/** For definitions that save none, so that it shows before the API server refuses it in production. */
export const noCredentials: Credentials<string> = Object.freeze({
  save: async (values: object) => {
    throw new IssuerError(
      `${Object.keys(values).join(", ")} is to be saved, but the definition has no \`savesCredentials\`. Add it.`,
    );
  },
});

function encoded(value: string | Uint8Array = ""): string {
  return Buffer.from(value).toString("base64");
}

function saveError(error: unknown, where: string): unknown {
  if (!isKubeApiError(error)) return error;
  switch (error.status) {
    case 403:
      return new IssuerError(`Not allowed to write to ${where}. Grant the controller "patch" on it.`, {
        cause: error,
      });
    case 404:
      return new IssuerError(`${where} is gone, so a renewed value is not saved. Create it anew.`, {
        cause: error,
      });
    case 400:
    case 413:
    case 422:
      return new IssuerError(`${where} does not take a renewed value: ${error.message}`, { cause: error });
    default:
      return new RetryableError(
        `A renewed value is not saved in ${where}: the Kubernetes API answered with HTTP ${error.status}.`,
        { cause: error },
      );
  }
}

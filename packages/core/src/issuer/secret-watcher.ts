import { IssuerError } from "@countersign/issuer-signer";
import { type Informer, startInformer } from "../kube/informer.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { ResourceType, Secret } from "../kube/types.ts";

const secrets: ResourceType = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};

/** Options of {@link SecretWatcher}. */
export interface SecretWatcherOptions {
  readonly transport: KubeTransport;
  /** A watched Secret was created, changed or deleted. */
  readonly onChange: (owner: string) => void;
  /** How long the first look at a Secret may take, in milliseconds. */
  readonly firstLookMs: number;
}

interface Watched {
  readonly informer: Informer<Secret>;
  readonly owners: Set<string>;
}

/**
 * Watches exactly the Secrets that issuers name, each by its name, so that RBAC may grant them one by one and no other
 * Secret ever enters this process.
 */
export class SecretWatcher {
  readonly #options: SecretWatcherOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: SecretWatcherOptions) {
    this.#options = options;
  }

  /**
   * The Secrets of these names that exist. They stay watched for `owner` until its next call.
   *
   * @throws IssuerError when the API server does not let us look.
   */
  async read(
    owner: string,
    namespace: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, Secret>> {
    const keys = new Set(names.map((name) => `${namespace}/${name}`));
    for (const [key, watched] of this.#watched) if (!keys.has(key)) this.#release(key, watched, owner);
    const found = new Map<string, Secret>();
    for (const name of names) {
      const { informer } = this.#watch(owner, namespace, name);
      await this.#firstLook(informer, namespace, name);
      const secret = informer.store.get(`${namespace}/${name}`);
      if (secret !== undefined) found.set(name, secret);
    }
    return found;
  }

  /** Stops every watch. */
  async stop(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(({ informer }) => informer.stop()));
  }

  #watch(owner: string, namespace: string, name: string): Watched {
    const key = `${namespace}/${name}`;
    const known = this.#watched.get(key);
    if (known !== undefined) {
      known.owners.add(owner);
      return known;
    }
    const owners = new Set([owner]);
    const informer = startInformer<Secret>({
      transport: this.#options.transport,
      type: secrets,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      matches: (secret) => secret.metadata.name === name,
    });
    // What the first list finds is what `read` answers: only later changes are news.
    informer.store.onChange(() => {
      if (informer.store.hasSynced) for (const each of owners) this.#options.onChange(each);
    });
    const watched = { informer, owners };
    this.#watched.set(key, watched);
    return watched;
  }

  async #firstLook(informer: Informer<Secret>, namespace: string, name: string): Promise<void> {
    if (informer.store.hasSynced) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, this.#options.firstLookMs);
    });
    await Promise.race([informer.synced, late]);
    clearTimeout(timer);
    if (informer.store.hasSynced) return;
    const why =
      informer.lastError === undefined ? "the API server does not answer" : informer.lastError.message;
    throw new IssuerError(
      `Cannot read Secret ${namespace}/${name}: ${why} Check that the issuer may get, list and watch it.`,
    );
  }

  #release(key: string, watched: Watched, owner: string): void {
    if (!watched.owners.delete(owner) || watched.owners.size > 0) return;
    this.#watched.delete(key);
    // A watch that is stopping holds nothing that anybody waits for.
    void watched.informer.stop();
  }
}

import { IssuerError, type ServiceAccountTokens } from "@countersign/issuer-signer";
import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import type { ConfigMap, IssuerObject, Secret } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import { connectIssuer, type PkiNetworkOptions } from "./connect-issuer.ts";
import type { IssuerConnection } from "./issuer-connection.ts";
import { IssuerCredentials } from "./issuer-credentials.ts";
import { parseSpec } from "./parse-spec.ts";
import { type ReferencedValues, referencedValues } from "./referenced-values.ts";
import type { SaveSecretOptions } from "./save-secret.ts";

/** How connections get at what issuers refer to. */
export interface ReferencePorts {
  /**
   * The Secrets of these names, as far as they exist. They stay watched for `owner` until its next call; a call with no
   * names lets all go.
   */
  secrets(owner: string, namespace: string, names: readonly string[]): Promise<ReadonlyMap<string, Secret>>;
  /** As `secrets`. */
  configMaps(
    owner: string,
    namespace: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ConfigMap>>;
  /** Tokens of the ServiceAccounts of a namespace. */
  tokens(namespace: string): ServiceAccountTokens;
  /** Has `secrets` answer with these as the API server has them now, however far behind the cache is. */
  refreshSecrets(namespace: string, names: readonly string[], signal: AbortSignal): Promise<void>;
  /** Writes into a Secret while this process leads; resolves to the Secret after the write. */
  saveSecret(options: SaveSecretOptions): Promise<Secret>;
}

/** Options of {@link IssuerConnections}. */
export interface IssuerConnectionsOptions {
  readonly definition: IssuerDefinition;
  readonly ports: ReferencePorts;
  readonly lifecycle: Lifecycle;
  /** Where the Secrets, ConfigMaps and ServiceAccounts of cluster-scoped issuers live. */
  readonly clusterResourceNamespace: string;
  /** Deadline of `connect` and of `check`, in milliseconds each. */
  readonly checkTimeoutMs: number;
  readonly userAgent: string;
  /** What the operator allows the HTTP clients of signers. */
  readonly http: PkiNetworkOptions;
}

/**
 * One connected signer per issuer object. A connection belongs to one version of spec, Secrets and ConfigMaps; when any
 * changes a new one is made, and the old one is closed after its last call.
 */
export class IssuerConnections {
  readonly #options: IssuerConnectionsOptions;
  readonly #connections = new Map<string, IssuerConnection>();
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: IssuerConnectionsOptions) {
    this.#options = options;
  }

  /** The connection of the issuer, if it is connected at this generation of its spec. */
  get(key: string, issuer: IssuerObject): IssuerConnection | undefined {
    const connection = this.#connections.get(key);
    return connection?.version.startsWith(objectVersion(issuer)) ? connection : undefined;
  }

  /** Whether the issuer's signer has saved what is new in this Secret itself, if anything is. */
  knows(key: string, secret: Secret): boolean {
    return this.#connections.get(key)?.credentials?.knows(secret) === true;
  }

  /** The connection to what the issuer says and refers to now: the one that there is, or a new one. */
  async connect(
    key: string,
    kind: IssuerKind,
    issuer: IssuerObject,
    signal: AbortSignal,
  ): Promise<IssuerConnection> {
    const { definition, lifecycle, ports, clusterResourceNamespace, userAgent, http } = this.#options;
    const spec = parseSpec(definition.spec, issuer.spec);
    const namespace = kind.scope === "Cluster" ? clusterResourceNamespace : (issuer.metadata.namespace ?? "");
    const refs = definition.secrets(spec);
    const readSecrets = () =>
      referencedValues({
        kind: "Secret",
        namespace,
        refs,
        read: (names) => ports.secrets(key, namespace, names),
      });
    const [cached, configMaps] = await Promise.all([
      readSecrets(),
      referencedValues({
        kind: "ConfigMap",
        namespace,
        refs: definition.configMaps(spec),
        read: (names) => ports.configMaps(key, namespace, names),
      }),
    ]);
    const saves = definition.savesCredentials;
    const savesAny = saves.length > 0;
    const version = `${objectVersion(issuer)}${savesAny ? "" : cached.version}/${configMaps.version}`;
    const current = this.#connections.get(key);
    const kept = ({ values }: ReferencedValues) =>
      current?.version === version && current.credentials?.isCurrent(values) !== false ? current : undefined;
    const before = kept(cached);
    if (before !== undefined) return before;
    let secrets = cached;
    if (savesAny) {
      // What another process has saved may not be in the cache yet, and a spent credential must not be used again.
      await ports.refreshSecrets(namespace, [...cached.versions.keys()], signal);
      secrets = await readSecrets();
      const still = kept(secrets);
      if (still !== undefined) return still;
    }
    const credentials = savesAny
      ? new IssuerCredentials({
          namespace,
          refs,
          saves,
          ...secrets,
          write: (options) => ports.saveSecret(options),
        })
      : undefined;
    let connection: IssuerConnection;
    try {
      connection = await connectIssuer({
        definition,
        lifecycle,
        issuer,
        version,
        spec,
        secrets: secrets.values,
        configMaps: configMaps.values,
        tokens: ports.tokens(namespace),
        credentials,
        userAgent,
        http,
        bounded: (call) => bounded("connect", this.#options.checkTimeoutMs, signal, call),
      });
    } catch (error) {
      // What served the version before must not serve this one: its spec or its credentials were withdrawn.
      this.#disconnect(key);
      throw error;
    }
    this.#disconnect(key);
    this.#connections.set(key, connection);
    connection.begin();
    return connection;
  }

  /** Retires the issuer's connection, if there is one, and lets go what it refers to. */
  async release(key: string, namespace: string): Promise<void> {
    const { ports } = this.#options;
    this.#disconnect(key);
    await Promise.all([ports.secrets(key, namespace, []), ports.configMaps(key, namespace, [])]);
  }

  #disconnect(key: string): void {
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    this.#connections.delete(key);
    const closed = connection
      .retire()
      .catch((error) => this.#options.lifecycle.announce("trouble", { where: `close of ${key}`, error }))
      .then(() => void this.#retiring.delete(closed));
    this.#retiring.add(closed);
  }

  /** Retires every connection; resolves when the last running call has ended and all are closed. */
  async stop(): Promise<void> {
    for (const key of [...this.#connections.keys()]) this.#disconnect(key);
    await Promise.all(this.#retiring);
  }
}

/** Puts a deadline on the author's code. */
export function bounded<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = () =>
    new IssuerError(`${what} took longer than ${timeoutMs / 1000} s. Check that the PKI is reachable.`);
  return withDeadline({ signal, timeoutMs, late }, call);
}

function objectVersion(issuer: IssuerObject): string {
  return `${issuer.metadata.uid}/${issuer.metadata.generation ?? 0}/`;
}

import {
  IssuerError,
  isPermanent,
  type ServiceAccountTokens,
  signerErrorCode,
} from "@countersign/issuer-signer";
import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import { isOlder } from "../kube/is-older.ts";
import type { ConfigMap, IssuerObject, Secret } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import { errorText } from "../request/conclude.ts";
import { connectIssuer, type PkiNetworkOptions } from "./connect-issuer.ts";
import { type IssuerVerdict, issuerStatus } from "./issuer-condition.ts";
import type { IssuerConnection } from "./issuer-connection.ts";
import { IssuerCredentials } from "./issuer-credentials.ts";
import { parseSpec } from "./parse-spec.ts";
import { referencedValues } from "./referenced-values.ts";
import type { SaveSecretOptions } from "./save-secret.ts";

/** How the reconciler reaches the cluster; core implements it, tests may fake it. */
export interface IssuerPorts {
  issuer(kind: IssuerKind, namespace: string, name: string): IssuerObject | undefined;
  /** Whether the issuer is to be left alone. @throws what a hook throws: then nothing is written either */
  ignores(issuer: IssuerObject, signal: AbortSignal): Promise<boolean>;
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
  /** Writes into a Secret while this process leads; resolves to the Secret after the write. */
  saveSecret(options: SaveSecretOptions): Promise<Secret>;
  /** Resolves to the issuer after the write, or undefined when it is gone. */
  applyStatus(
    kind: IssuerKind,
    issuer: IssuerObject,
    status: object,
    signal: AbortSignal,
  ): Promise<IssuerObject | undefined>;
}

/** Options of {@link IssuerReconciler}. */
export interface IssuerReconcilerOptions {
  readonly definition: IssuerDefinition;
  readonly ports: IssuerPorts;
  readonly lifecycle: Lifecycle;
  /** Where the Secrets, ConfigMaps and ServiceAccounts of cluster-scoped issuers live. */
  readonly clusterResourceNamespace: string;
  /** Deadline of `connect` and of `check`, in milliseconds each. */
  readonly checkTimeoutMs: number;
  readonly userAgent: string;
  /** What the operator allows the HTTP clients of signers. */
  readonly http: PkiNetworkOptions;
  readonly clock: () => number;
}

/** What the queue does after one look at an issuer. */
export type IssuerNext =
  /** Look again at the next periodic check. */
  | "settled"
  /** Look again with back-off. */
  | "retry"
  /** Look again only when the spec, a Secret or a ConfigMap changes. */
  | "stuck"
  /** Look again when the object changes: until then it is left alone. */
  | "ignored"
  /** The object is gone. */
  | "gone";

/**
 * Keeps one connected signer per issuer object and its Ready condition true to it. A connection belongs to one version
 * of spec, Secrets and ConfigMaps; when any changes a new one is made, and the old one is closed after its last call.
 */
export class IssuerReconciler {
  readonly #options: IssuerReconcilerOptions;
  readonly #connections = new Map<string, IssuerConnection>();
  /** Faults that `sign` found, by issuer: consumed by the next look at the issuer. */
  readonly #reported = new Map<string, { readonly error: unknown; readonly connection: IssuerConnection }>();
  /** Issuers after the last write of this process, while the cache may be behind it. */
  readonly #written = new Map<string, IssuerObject>();
  readonly #retiring = new Set<Promise<void>>();
  #looks = 0;

  constructor(options: IssuerReconcilerOptions) {
    this.#options = options;
  }

  /** The connection of the issuer, if it is connected at this generation of its spec. */
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined {
    const connection = this.#connections.get(key);
    return connection?.version.startsWith(objectVersion(issuer)) ? connection : undefined;
  }

  /** Tells that a call of this connection's signer failed through the issuer's fault. */
  report(key: string, error: unknown, connection: IssuerConnection): void {
    this.#reported.set(key, { error, connection });
  }

  /** Whether the issuer's signer has saved what is new in this Secret itself, if anything is. */
  knows(key: string, secret: Secret): boolean {
    return this.#connections.get(key)?.credentials?.knows(secret) === true;
  }

  /** Looks at one issuer: connects if needed, checks, writes the Ready condition if it changes. */
  async reconcile(
    key: string,
    kind: IssuerKind,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<IssuerNext> {
    const { ports, definition, lifecycle, clock } = this.#options;
    const issuer = ports.issuer(kind, namespace, name);
    const gone = issuer === undefined || issuer.metadata.deletionTimestamp !== undefined;
    if (gone || (await ports.ignores(issuer, signal))) {
      this.#reported.delete(key);
      this.#written.delete(key);
      this.#disconnect(key);
      await Promise.all([ports.secrets(key, namespace, []), ports.configMaps(key, namespace, [])]);
      return gone ? "gone" : "ignored";
    }
    this.#looks += 1;
    const reconcile = this.#looks;
    const { verdict, next } = await this.#look(key, kind, issuer, signal);
    if (signal.aborted) return "retry";
    const status = issuerStatus(this.#newest(key, issuer), verdict, clock());
    if (status !== undefined) {
      const written = await ports.applyStatus(kind, issuer, status, signal);
      if (written !== undefined) this.#written.set(key, written);
    }
    lifecycle.announce("issuer:checked", {
      issuer: { group: definition.group, kind: kind.kind, namespace, name },
      uid: issuer.metadata.uid,
      reconcile,
      changed: status !== undefined,
      ready: verdict.status === "True",
      reason: verdict.reason,
      message: verdict.message,
    });
    return next;
  }

  /** A cache that is behind would have a condition that must be written taken for one that is there already. */
  #newest(key: string, issuer: IssuerObject): IssuerObject {
    const written = this.#written.get(key);
    if (written?.metadata.uid !== issuer.metadata.uid || !isOlder(issuer, written)) {
      this.#written.delete(key);
      return issuer;
    }
    // The verdict is about the spec that the cache has.
    return written.status === undefined ? issuer : { ...issuer, status: written.status };
  }

  /** Retires every connection; resolves when the last running call has ended and all are closed. */
  async stop(): Promise<void> {
    for (const key of [...this.#connections.keys()]) this.#disconnect(key);
    await Promise.all(this.#retiring);
  }

  async #look(key: string, kind: IssuerKind, issuer: IssuerObject, signal: AbortSignal) {
    const reported = this.#reported.get(key);
    this.#reported.delete(key);
    try {
      const connection = await this.#connect(key, kind, issuer, signal);
      // A fault that `sign` met is believed before a check that may not see it, and only once: the next look checks anew.
      // It says nothing of a later connection: a call with the old token fails while the new one is in use already.
      if (reported?.connection === connection) throw reported.error;
      await connection.use((signer) =>
        this.#bounded("check", signal, (bound) => signer.check({ signal: bound })),
      );
      const verdict: IssuerVerdict = {
        status: "True",
        reason: "Checked",
        message: "Succeeded checking the issuer",
      };
      return { verdict, next: "settled" as const };
    } catch (error) {
      const permanent = isPermanent(signerErrorCode(error));
      const verdict: IssuerVerdict = permanent
        ? { status: "False", reason: "Failed", message: `Failed permanently: ${errorText(error)}` }
        : { status: "False", reason: "Pending", message: `Not ready yet: ${errorText(error)}` };
      return { verdict, next: permanent ? ("stuck" as const) : ("retry" as const) };
    }
  }

  async #connect(
    key: string,
    kind: IssuerKind,
    issuer: IssuerObject,
    signal: AbortSignal,
  ): Promise<IssuerConnection> {
    const { definition, lifecycle, ports, clusterResourceNamespace, userAgent, http } = this.#options;
    const spec = parseSpec(definition.spec, issuer.spec);
    const namespace = kind.scope === "Cluster" ? clusterResourceNamespace : (issuer.metadata.namespace ?? "");
    const refs = definition.secrets(spec);
    const [secrets, configMaps] = await Promise.all([
      referencedValues({
        kind: "Secret",
        namespace,
        refs,
        read: (names) => ports.secrets(key, namespace, names),
      }),
      referencedValues({
        kind: "ConfigMap",
        namespace,
        refs: definition.configMaps(spec),
        read: (names) => ports.configMaps(key, namespace, names),
      }),
    ]);
    const saves = definition.savesCredentials;
    const version = `${objectVersion(issuer)}${saves.length > 0 ? "" : secrets.version}/${configMaps.version}`;
    const current = this.#connections.get(key);
    if (current?.version === version && current.credentials?.isCurrent(secrets.values) !== false)
      return current;
    const credentials =
      saves.length > 0
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
        bounded: (call) => this.#bounded("connect", signal, call),
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

  #bounded<T>(what: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { checkTimeoutMs: timeoutMs } = this.#options;
    const late = () =>
      new IssuerError(`${what} took longer than ${timeoutMs / 1000} s. Check that the PKI is reachable.`);
    return withDeadline({ signal, timeoutMs, late }, call);
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
}

function objectVersion(issuer: IssuerObject): string {
  return `${issuer.metadata.uid}/${issuer.metadata.generation ?? 0}/`;
}

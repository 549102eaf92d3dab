import {
  HttpClient,
  type HttpClientOptions,
  IssuerError,
  isPermanent,
  type Signer,
  signerErrorCode,
} from "@countersign/issuer-signer";
import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import type { SecretKeyRef } from "../definition/secret-key-ref.ts";
import type { IssuerObject, Secret } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import { KnownSecrets } from "../observe/known-secrets.ts";
import { errorText } from "../request/conclude.ts";
import { discreetSigner } from "./discreet-signer.ts";
import { type IssuerVerdict, issuerStatus } from "./issuer-condition.ts";
import { IssuerConnection } from "./issuer-connection.ts";
import { parseSpec } from "./parse-spec.ts";

/** How signers reach their PKIs, as the operator says and no issuer object can. */
export type PkiNetworkOptions = Pick<
  HttpClientOptions,
  "proxy" | "allowPlainHttp" | "allowLoopback" | "allowAddresses"
>;

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
  applyStatus(kind: IssuerKind, issuer: IssuerObject, status: object, signal: AbortSignal): Promise<void>;
}

/** Options of {@link IssuerReconciler}. */
export interface IssuerReconcilerOptions {
  readonly definition: IssuerDefinition;
  readonly ports: IssuerPorts;
  readonly lifecycle: Lifecycle;
  /** Where the Secrets of cluster-scoped issuers live. */
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
  /** Look again only when the spec or a Secret changes. */
  | "stuck"
  /** Look again when the object changes: until then it is left alone. */
  | "ignored"
  /** The object is gone. */
  | "gone";

/**
 * Keeps one connected signer per issuer object and its Ready condition true to it. A connection belongs to one version
 * of spec and Secrets; when either changes a new one is made, and the old one is closed after its last call.
 */
export class IssuerReconciler {
  readonly #options: IssuerReconcilerOptions;
  readonly #connections = new Map<string, IssuerConnection>();
  /** Faults that `sign` found, by issuer: consumed by the next look at the issuer. */
  readonly #reported = new Map<string, { readonly error: unknown; readonly connection: IssuerConnection }>();
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
      this.#disconnect(key);
      await ports.secrets(key, namespace, []);
      return gone ? "gone" : "ignored";
    }
    this.#looks += 1;
    const reconcile = this.#looks;
    const { verdict, next } = await this.#look(key, kind, issuer, signal);
    if (signal.aborted) return "retry";
    const status = issuerStatus(issuer, verdict, clock());
    if (status !== undefined) await ports.applyStatus(kind, issuer, status, signal);
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
    const { definition, clusterResourceNamespace, userAgent } = this.#options;
    const spec = parseSpec(definition.spec, issuer.spec);
    const refs = definition.secrets(spec);
    const own = issuer.metadata.namespace ?? "";
    const { values, versions } = await this.#secrets(
      key,
      kind.scope === "Cluster" ? clusterResourceNamespace : own,
      refs,
    );
    const version = `${objectVersion(issuer)}${versions.join(",")}`;
    const current = this.#connections.get(key);
    if (current?.version === version) return current;
    const { lifecycle } = this.#options;
    const pki = { group: definition.group, kind: kind.kind, namespace: own, name: issuer.metadata.name };
    const http = new HttpClient({
      ...this.#options.http,
      userAgent,
      onExchange: ({ method, host, ms, status, failure }) =>
        lifecycle.announce("pki:exchanged", { issuer: pki, method, host, ms, code: status ?? failure }),
    });
    const known = new KnownSecrets(Object.values(values));
    let signer: Signer<unknown>;
    try {
      const identity = {
        kind: kind.kind,
        name: issuer.metadata.name,
        namespace: own,
        uid: issuer.metadata.uid,
      };
      const connected = await this.#bounded("connect", signal, () =>
        definition.connect({ spec, secrets: values, http, issuer: identity }),
      );
      signer = discreetSigner(connected, known);
    } catch (error) {
      http.close();
      // What served the version before must not serve this one: its spec or its credentials were withdrawn.
      this.#disconnect(key);
      throw known.error(error);
    }
    this.#disconnect(key);
    const connection = new IssuerConnection(version, signer, async () => {
      await signer.close?.();
      http.close();
    });
    this.#connections.set(key, connection);
    return connection;
  }

  async #secrets(key: string, namespace: string, refs: Readonly<Record<string, SecretKeyRef | undefined>>) {
    const wanted = Object.entries(refs).flatMap(([name, ref]) => (ref === undefined ? [] : [{ name, ref }]));
    const names = [...new Set(wanted.map(({ ref }) => ref.name))];
    const found = await this.#options.ports.secrets(key, namespace, names);
    const values: Record<string, string> = {};
    for (const { name, ref } of wanted) {
      const secret = found.get(ref.name);
      if (secret === undefined) {
        throw new IssuerError(
          `Secret ${namespace}/${ref.name} not found. Create it with the key "${ref.key}".`,
        );
      }
      const value = secret.data?.[ref.key];
      if (value === undefined || value === "") {
        throw new IssuerError(`Secret ${namespace}/${ref.name} has no key "${ref.key}". Add it.`);
      }
      values[name] = Buffer.from(value, "base64").toString("utf8");
    }
    const versions = [...found.values()].map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`);
    return { values, versions };
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

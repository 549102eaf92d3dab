import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import { type IssuerNext, IssuerReconciler } from "../issuer/issuer-reconciler.ts";
import { NamedObjectWatcher } from "../issuer/named-object-watcher.ts";
import { readSecret } from "../issuer/read-secret.ts";
import { saveSecret } from "../issuer/save-secret.ts";
import { serviceAccountTokens } from "../issuer/service-account-tokens.ts";
import type { Informer } from "../kube/informer.ts";
import type { StoreChange } from "../kube/store.ts";
import type { ConfigMap, IssuerObject, KubeObject, ResourceType, Secret } from "../kube/types.ts";
import { whileLeading } from "../leader/while-leading.ts";
import type { WatchHealth } from "../probes/issuer-health.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import { findCondition } from "../request/condition.ts";
import { type IssuerKey, issuerKeyText } from "../request/match-issuer.ts";
import { ignoresIssuer } from "./ignore-hooks.ts";
import { configMaps, issuerResource, secrets } from "./resource-types.ts";
import { type ServeContext, watch, writeStatus } from "./serve-context.ts";

/** The issuer objects of one definition, being served. */
export interface ServedIssuers {
  readonly informers: readonly Informer<IssuerObject>[];
  readonly queue: WorkQueue;
  get(key: IssuerKey): IssuerObject | undefined;
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined;
  /** A call of the signer failed through the issuer's fault: it is checked at once. */
  report(key: string, error: unknown, connection: IssuerConnection): void;
  /** Called with the key of an issuer whose requests should be looked at again. */
  onWake(listener: (key: string) => void): void;
  /** The watches of single Secrets and ConfigMaps. */
  references(): readonly WatchHealth[];
  /** Closes the signers and ends the watches of Secrets and ConfigMaps. */
  close(): Promise<void>;
}

/** Watches the issuer kinds, connects and checks each object, and keeps its Ready condition. */
export function serveIssuers(definition: IssuerDefinition, context: ServeContext): ServedIssuers {
  const { transport, lifecycle, settings, userAgent, clock, leadership } = context;
  const informers = new Map<string, Informer<IssuerObject>>();
  const targets = new Map<string, IssuerKey>();
  const listeners = new Set<(key: string) => void>();
  /** Keys of issuers that are left alone. */
  const ignored = new Set<string>();
  const wake = (key: string) => {
    for (const listener of listeners) listener(key);
  };
  const get = ({ kind, namespace, name }: IssuerKey) =>
    informers.get(kind.kind)?.store.get(namespace === "" ? name : `${namespace}/${name}`);

  const watcherOf = <T extends KubeObject>(
    type: ResourceType,
    isNews: (owner: string, object: T | undefined) => boolean = () => true,
  ) =>
    new NamedObjectWatcher<T>({
      transport,
      type,
      onChange(owner, object) {
        if (isNews(owner, object)) queue.add(owner);
      },
      firstLookMs: settings.checkTimeoutMs,
      onTrouble: (where, error) => lifecycle.announce("trouble", { where, error }),
    });
  const secretWatcher: NamedObjectWatcher<Secret> = watcherOf<Secret>(
    secrets,
    (owner, secret) => secret === undefined || !reconciler.knows(owner, secret),
  );
  const configMapWatcher = watcherOf<ConfigMap>(configMaps);

  const reconciler: IssuerReconciler = new IssuerReconciler({
    definition,
    lifecycle,
    userAgent,
    http: settings.http,
    clusterResourceNamespace: settings.clusterResourceNamespace,
    checkTimeoutMs: settings.checkTimeoutMs,
    clock,
    ports: {
      issuer: (kind, namespace, name) => get({ kind, namespace, name }),
      ignores: (issuer, signal) => ignoresIssuer(settings, issuer, signal),
      secrets: (owner, namespace, names) => secretWatcher.read(owner, namespace, names),
      configMaps: (owner, namespace, names) => configMapWatcher.read(owner, namespace, names),
      tokens: (namespace) => serviceAccountTokens(transport, namespace),
      async saveSecret(options) {
        const fence = () => leadership.assertHeld();
        const saved = await saveSecret({ transport, fieldManager: definition.group, fence }, options);
        secretWatcher.saw(saved);
        return saved;
      },
      async refreshSecrets(namespace, names, signal) {
        for (const name of names) {
          const secret = await readSecret(transport, { namespace, name, signal });
          if (secret !== undefined) secretWatcher.saw(secret);
        }
      },
      applyStatus: async (kind, object, status, signal) => {
        const type = issuerResource(definition, kind);
        return writeStatus<IssuerObject>(context, {
          type,
          object,
          status,
          fieldManager: definition.group,
          signal,
        });
      },
    },
  });

  /** Whether the issuer was left alone until this look. For metrics it comes and goes like one that is made and deleted. */
  function servedAgain(
    key: string,
    { kind, namespace, name }: IssuerKey,
    object: IssuerObject | undefined,
    next: IssuerNext,
  ) {
    const changed = next === "ignored" ? !ignored.has(key) : ignored.delete(key);
    if (next === "ignored") ignored.add(key);
    if (!changed || object === undefined) return false;
    const issuer = { group: definition.group, kind: kind.kind, namespace, name };
    const event = next === "ignored" ? "issuer:removed" : "issuer:added";
    lifecycle.announce(event, { issuer, uid: object.metadata.uid });
    return next !== "ignored";
  }

  const process = async (key: string, signal: AbortSignal) => {
    const target = targets.get(key);
    if (target === undefined) return;
    const next = await reconciler.reconcile(key, target.kind, target.namespace, target.name, signal);
    if (next === "retry") queue.addRateLimited(key);
    // Jitter, so that the issuers of one PKI do not all ask at the same moment for ever.
    if (next === "settled") queue.addAfter(key, settings.checkIntervalMs * (0.9 + 0.2 * Math.random()));
    const issuer = get(target);
    // Another of its name may have come meanwhile.
    if (next === "gone" && issuer === undefined) targets.delete(key);
    const again = servedAgain(key, target, issuer, next);
    // Checked and connected: requests that waited for the connection may go on. What the cache says of the issuer is no
    // measure: it may be behind the write that has just said that the issuer is not ready.
    if (again || next === "settled") wake(key);
  };

  const queue = new WorkQueue({
    concurrency: settings.maxConcurrentSigns,
    paused: true,
    // Below a minute, so that an issuer whose PKI has come back is Ready within one.
    backoff: { initialMs: 500, maxMs: 45_000 },
    onError: (error, key) => lifecycle.announce("trouble", { where: `issuer ${key}`, error }),
    process: whileLeading(leadership, process, (key) => queue.add(key)),
  });

  leadership.onChange(({ leader }) => {
    // What another leader found out about an issuer is in its status only; connections are each process's own.
    if (leader) for (const key of targets.keys()) queue.add(key);
  });

  function changed(kind: IssuerKind, { type, object, previous }: StoreChange<IssuerObject>): void {
    const target = { kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
    const key = issuerKeyText(kind.kind, target.namespace, target.name);
    targets.set(key, target);
    if (type !== "updated") {
      const issuer = {
        group: definition.group,
        kind: kind.kind,
        namespace: target.namespace,
        name: target.name,
      };
      const event = type === "added" ? "issuer:added" : "issuer:removed";
      lifecycle.announce(event, { issuer, uid: object.metadata.uid });
    }
    if (type !== "updated" || needsLook(object, previous)) queue.add(key);
    if (type !== "updated" || readyChanged(object, previous)) wake(key);
  }

  for (const kind of definition.kinds) {
    const informer = watch<IssuerObject>(context, issuerResource(definition, kind), {});
    informers.set(kind.kind, informer);
    informer.store.onChange((change) => changed(kind, change));
  }

  return {
    informers: [...informers.values()],
    queue,
    get,
    connection: (key, issuer) => reconciler.connection(key, issuer),
    report(key, error, connection) {
      reconciler.report(key, error, connection);
      queue.add(key);
    },
    onWake: (listener) => void listeners.add(listener),
    references: () => [...secretWatcher.health(), ...configMapWatcher.health()],
    async close() {
      await Promise.all([secretWatcher.stop(), configMapWatcher.stop(), reconciler.stop()]);
    },
  };
}

/** A new spec, or a changed annotation, which is how people ask for a new look, or label, by which issuers are shared out. */
export function needsLook(object: IssuerObject, previous: IssuerObject | undefined): boolean {
  return (
    object.metadata.uid !== previous?.metadata.uid ||
    object.metadata.generation !== previous?.metadata.generation ||
    object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp ||
    JSON.stringify(object.metadata.annotations) !== JSON.stringify(previous?.metadata.annotations) ||
    JSON.stringify(object.metadata.labels) !== JSON.stringify(previous?.metadata.labels)
  );
}

/** Whether its Ready condition says something else, so that the requests that name it are looked at again. */
export function readyChanged(object: IssuerObject, previous: IssuerObject | undefined): boolean {
  const now = findCondition(object.status?.conditions, "Ready");
  const before = findCondition(previous?.status?.conditions, "Ready");
  return now?.status !== before?.status || now?.observedGeneration !== before?.observedGeneration;
}

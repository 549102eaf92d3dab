import { randomUUID } from "node:crypto";
import { proxyFromEnvironment } from "@countersign/issuer-signer";
import { pino } from "pino";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import { definitionName } from "../definition/manifest.ts";
import { issuerManifests } from "../definition/manifests.ts";
import { toYaml } from "../definition/to-yaml.ts";
import { withinNamespaces } from "../definition/within-namespaces.ts";
import type { KubeConnection } from "../kube/connection.ts";
import { inCluster } from "../kube/in-cluster.ts";
import { KubeTransport } from "../kube/transport.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { logLifecycle } from "../lifecycle/log-lifecycle.ts";
import { startObservers } from "../observe/observers.ts";
import { openTelemetryTrace } from "../observe/tracing.ts";
import { type ProbeServer, startProbeServer } from "../probes/probe-server.ts";
import {
  ArgumentError,
  defaultMetricsPort,
  defaultProbePort,
  type IssuerArguments,
  issuerHelp,
  parseIssuerArguments,
} from "./arguments.ts";
import type { IgnoreHooks } from "./ignore-hooks.ts";
import { type RunningIssuer, startIssuer } from "./start-issuer.ts";
import { stopSignals } from "./stop-signals.ts";

/** Where kubelet puts the service account of a pod. */
const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** For connections that close by themselves; nothing else is left to wait for. */
const lingerMs = 500;

type Environment = Readonly<Record<string, string | undefined>>;

/** Options of {@link runIssuer}; by default those of the process. */
export interface RunIssuerOptions extends IgnoreHooks {
  readonly argv?: readonly string[] | undefined;
  readonly env?: Environment | undefined;
}

/** Whether the pod's own service account is used. */
function asPod({ kubeconfig, context }: IssuerArguments, env: Environment): boolean {
  return kubeconfig === undefined && context === undefined && env.KUBERNETES_SERVICE_HOST !== undefined;
}

async function connect(args: IssuerArguments, env: Environment): Promise<KubeConnection> {
  const { kubeconfig, context } = args;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (asPod(args, env) && host !== undefined && port !== undefined) {
    return inCluster({ host, port, directory: serviceAccountDirectory });
  }
  // Loaded only where a kubeconfig is used: it brings client-node, which costs a pod a second and 90 MB.
  const { loadKubeConnection } = await import("../kubeconfig.ts");
  return loadKubeConnection({ file: kubeconfig, context, env });
}

/** Fails early, with one line, when the API server cannot be reached or does not accept the credentials. */
async function assertReachable(connection: KubeConnection, userAgent: string): Promise<void> {
  const transport = new KubeTransport({ connection, userAgent });
  try {
    await transport.request({ path: "/version", timeoutMs: 10_000 });
  } finally {
    transport.close();
  }
}

/** One service account and one Lease for the whole program; the roles of each definition are bound to the account. */
function manifestsYaml(
  [first, ...others]: readonly IssuerDefinition[],
  {
    clusterResourceNamespace: namespace = "default",
    leaderElect,
    leaseName,
    leaseNamespace,
    namespaces,
    kubernetesSigningRequests,
  }: IssuerArguments,
): string {
  if (first === undefined) return "";
  const options = {
    serviceAccount: { namespace, name: definitionName(first) },
    clusterResourceNamespace: namespace,
    namespaces,
    kubernetesSigningRequests,
  };
  const lease = { leaseName: leaseName ?? definitionName(first), namespace: leaseNamespace };
  const more = others.flatMap((definition) => issuerManifests(definition, options));
  return toYaml([
    ...issuerManifests(first, { ...options, leaderElection: leaderElect === false ? undefined : lease }),
    ...more.filter(({ kind }) => kind !== "ServiceAccount"),
  ]);
}

async function run(
  definitions: readonly IssuerDefinition[],
  argv: readonly string[],
  env: Environment,
  hooks: IgnoreHooks,
): Promise<void> {
  const args = parseIssuerArguments(argv);
  if (args.help) return void process.stdout.write(issuerHelp);
  if (args.printManifests) {
    return void process.stdout.write(manifestsYaml(definitions, args));
  }
  const connection = await connect(args, env);
  const clusterResourceNamespace = args.clusterResourceNamespace ?? connection.namespace ?? "default";
  await assertReachable(connection, "countersign");

  const log = pino({ level: args.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const lifecycle = new Lifecycle();
  logLifecycle(lifecycle, log);
  const instance = env.POD_NAME ?? env.HOSTNAME ?? "countersign";
  const election = {
    leaseName: args.leaseName ?? definitions.map(definitionName)[0] ?? "",
    namespace: args.leaseNamespace ?? connection.namespace ?? "default",
    identity: `${instance}_${randomUUID()}`,
  };
  let running: RunningIssuer | undefined;
  const inPod = env.KUBERNETES_SERVICE_HOST !== undefined;
  const observers = await startObservers({
    lifecycle,
    state: () => running?.state(),
    metricsPort: args.metricsPort ?? (inPod ? defaultMetricsPort : 0),
    audit: args.auditLog,
    instance,
  });
  const probePort = args.probePort ?? (inPod ? defaultProbePort : 0);
  let probes: ProbeServer | undefined;
  try {
    if (probePort !== 0)
      probes = await startProbeServer({ port: probePort, health: () => running?.health() });
  } catch (error) {
    await observers.stop();
    throw error;
  }
  const signals = stopSignals((signal) => log.error({ signal }, "ended before all work was done"));
  const issuer = startIssuer(definitions, {
    ...hooks,
    connection,
    lifecycle,
    clusterResourceNamespace,
    namespaces: args.namespaces,
    instance,
    leaderElection: (args.leaderElect ?? asPod(args, env)) && election,
    maxConcurrentSigns: args.maxConcurrentSigns,
    maxConcurrentSignsPerIssuer: args.maxConcurrentSignsPerIssuer,
    maxSignsPerSecondPerIssuer: args.maxSignsPerSecondPerIssuer,
    possibleDuplicate: args.possibleDuplicate,
    kubernetesSigningRequests: args.kubernetesSigningRequests,
    retryForMs: args.retryForMs,
    pendingForMs: args.pendingForMs,
    publishCa: args.publishCa,
    excess: args.excess,
    maxBackdateMs: args.maxBackdateMs,
    http: {
      proxy: proxyFromEnvironment(env),
      allowPlainHttp: args.pkiAllowPlainHttp,
      // In a pod, loopback is the pod's own sidecars, and whoever may create an issuer chooses the URL.
      allowLoopback: args.pkiAllowLoopback || (inPod ? false : undefined),
      allowAddresses: args.pkiAllowAddresses,
    },
    trace: await openTelemetryTrace(),
  });
  running = issuer;
  const onHangup = () => void observers.reopen();
  if (args.auditLog !== undefined) process.on("SIGHUP", onHangup);
  const kinds = definitions.flatMap((definition) =>
    withinNamespaces(definition, args.namespaces).kinds.map(({ plural }) => `${plural}.${definition.group}`),
  );
  const { namespaces } = args;
  log.info({ server: connection.server, kinds, clusterResourceNamespace, namespaces }, "starting");
  issuer.synced.then(
    () => log.info({}, "watching"),
    () => {},
  );
  log.info({ signal: await signals.asked }, "stopping");
  await issuer.stop();
  process.off("SIGHUP", onHangup);
  await Promise.all([observers.stop(), probes?.close()]);
  signals[Symbol.dispose]();
  log.info({}, "stopped");
  // By now only what heeds no signal keeps the process alive, such as a connection of a signer that hangs.
  setTimeout(() => process.exit(), lingerMs).unref();
}

/**
 * Runs an issuer as a program: reads the arguments, connects to the cluster, logs JSON to standard output, and stops
 * cleanly on SIGTERM or SIGINT. A start that fails ends in one line on standard error and exit code 1.
 */
export async function runIssuer(
  definitions: IssuerDefinition | readonly IssuerDefinition[],
  { argv = process.argv.slice(2), env = process.env, ...hooks }: RunIssuerOptions = {},
): Promise<void> {
  try {
    await run("group" in definitions ? [definitions] : definitions, argv, env, hooks);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ArgumentError ? 2 : 1;
  }
}

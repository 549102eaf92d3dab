import { pino } from "pino";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import { definitionName } from "../definition/manifest.ts";
import { issuerManifests } from "../definition/manifests.ts";
import { toYaml } from "../definition/to-yaml.ts";
import type { KubeConnection } from "../kube/connection.ts";
import { inCluster } from "../kube/in-cluster.ts";
import { KubeTransport } from "../kube/transport.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { logLifecycle } from "../lifecycle/log-lifecycle.ts";
import { startObservers } from "../observe/observers.ts";
import { ArgumentError, defaultMetricsPort, issuerHelp, parseIssuerArguments } from "./arguments.ts";
import { type RunningIssuer, startIssuer } from "./start-issuer.ts";

/** Where kubelet puts the service account of a pod. */
const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

type Environment = Readonly<Record<string, string | undefined>>;

/** Options of {@link runIssuer}; by default those of the process. */
export interface RunIssuerOptions {
  readonly argv?: readonly string[] | undefined;
  readonly env?: Environment | undefined;
}

async function connect(
  kubeconfig: string | undefined,
  context: string | undefined,
  env: Environment,
): Promise<KubeConnection> {
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (kubeconfig === undefined && context === undefined && host !== undefined && port !== undefined) {
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

/** One service account for the whole program; the roles of each definition are bound to it. */
function manifestsYaml([first, ...others]: readonly IssuerDefinition[], namespace: string): string {
  if (first === undefined) return "";
  const options = {
    serviceAccount: { namespace, name: definitionName(first) },
    clusterResourceNamespace: namespace,
  };
  const more = others.flatMap((definition) => issuerManifests(definition, options));
  return toYaml([
    ...issuerManifests(first, options),
    ...more.filter(({ kind }) => kind !== "ServiceAccount"),
  ]);
}

async function run(
  definitions: readonly IssuerDefinition[],
  argv: readonly string[],
  env: Environment,
): Promise<void> {
  const args = parseIssuerArguments(argv);
  if (args.help) return void process.stdout.write(issuerHelp);
  if (args.printManifests) {
    return void process.stdout.write(manifestsYaml(definitions, args.clusterResourceNamespace ?? "default"));
  }
  const connection = await connect(args.kubeconfig, args.context, env);
  const clusterResourceNamespace = args.clusterResourceNamespace ?? connection.namespace ?? "default";
  await assertReachable(connection, "countersign");

  const log = pino({ level: args.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const lifecycle = new Lifecycle();
  logLifecycle(lifecycle, log);
  const instance = env.POD_NAME ?? env.HOSTNAME ?? "countersign";
  let running: RunningIssuer | undefined;
  const observers = await startObservers({
    lifecycle,
    state: () => running?.state(),
    metricsPort: args.metricsPort ?? (env.KUBERNETES_SERVICE_HOST === undefined ? 0 : defaultMetricsPort),
    audit: args.auditLog,
    instance,
  });
  const issuer = startIssuer(definitions, {
    connection,
    lifecycle,
    clusterResourceNamespace,
    instance,
    maxConcurrentSigns: args.maxConcurrentSigns,
    retryForMs: args.retryForMs,
    publishCa: args.publishCa,
  });
  running = issuer;
  const onHangup = () => void observers.reopen();
  if (args.auditLog !== undefined) process.on("SIGHUP", onHangup);
  const kinds = definitions.flatMap((definition) =>
    definition.kinds.map(({ plural }) => `${plural}.${definition.group}`),
  );
  log.info({ server: connection.server, kinds, clusterResourceNamespace }, "starting");
  issuer.synced.then(
    () => log.info({}, "watching"),
    () => {},
  );
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  const onSignal = (signal: string) => resolve(signal);
  process.once("SIGTERM", onSignal).once("SIGINT", onSignal);
  log.info({ signal: await asked }, "stopping");
  await issuer.stop();
  process.off("SIGHUP", onHangup);
  await observers.stop();
  log.info({}, "stopped");
}

/**
 * Runs an issuer as a program: reads the arguments, connects to the cluster, logs JSON to standard output, and stops
 * cleanly on SIGTERM or SIGINT. A start that fails ends in one line on standard error and exit code 1.
 */
export async function runIssuer(
  definitions: IssuerDefinition | readonly IssuerDefinition[],
  { argv = process.argv.slice(2), env = process.env }: RunIssuerOptions = {},
): Promise<void> {
  try {
    await run("group" in definitions ? [definitions] : definitions, argv, env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ArgumentError ? 2 : 1;
  }
}

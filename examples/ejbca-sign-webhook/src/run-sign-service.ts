import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { parseServiceArguments, type ServiceArguments, serviceHelp, UsageError } from "./arguments.ts";
import { readServiceConfig, type ServiceConfig } from "./config.ts";
import { kubeConnection } from "./kube-connection.ts";
import { startProbes } from "./probes.ts";
import { startService } from "./start-service.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs the service as a program: reads the configuration, logs JSON to standard output, drains on SIGTERM or SIGINT. A start
 * that fails ends in one line on standard error, with exit code 2 where the command line or configuration is to blame.
 */
export async function runSignService(argv: readonly string[], env: Environment): Promise<void> {
  try {
    const args = parseServiceArguments(argv);
    if (args.help) return void process.stdout.write(serviceHelp);
    await run(args, await readServiceConfig(args), env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

async function run(args: ServiceArguments, config: ServiceConfig, env: Environment): Promise<void> {
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const connection = config.tokens === undefined ? undefined : await kubeConnection(args, env);
  const asked = stopAsked((signal) => log.error({ signal }, "ended before all requests were answered"));
  let isStopping = false;
  const service = await startService({ config, connection, log, env });
  try {
    const { probePort } = config;
    const probes = probePort === 0 ? undefined : await startProbes(probePort, () => !isStopping);
    const onHangup = () => void service.lookAgain();
    process.on("SIGHUP", onHangup);
    log.info({ port: service.port, probePort: probes?.port }, "serving");
    const signal = await asked;
    isStopping = true;
    log.info({ signal }, "draining");
    // Until then load balancers may still send requests here.
    await delay(config.drain.delay);
    process.off("SIGHUP", onHangup);
    await service.stop(config.drain.timeout);
    await probes?.close();
  } finally {
    await service.stop(0);
  }
  log.info({}, "stopped");
}

/** The first signal that asks to stop. The second one ends the process at once, with exit code 1. */
function stopAsked(onSecond: (signal: NodeJS.Signals) => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isAsked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (isAsked) {
        onSecond(signal);
        process.exit(1);
      }
      isAsked = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  });
}

import { type KubeConnection, proxyFromEnvironment, redact } from "@countersign/issuer-core";
import { KubeTransport } from "@countersign/issuer-core/kube";
import { connectEjbca, type EjbcaContext, ejbcaIssuer } from "@countersign/issuer-ejbca";
import {
  ServedSigner,
  SignService,
  serveFragment,
  startSignServer,
} from "@countersign/issuer-webhook/server";
import type { Logger } from "pino";
import { openAudit } from "./audit.ts";
import { authenticateBy } from "./authenticate-by.ts";
import type { ServiceConfig } from "./config.ts";
import { ServedTls } from "./served-tls.ts";

/** What {@link startService} needs. */
export interface StartServiceOptions {
  readonly config: ServiceConfig;
  /** The API server that reviews tokens; needed where the configuration takes tokens. */
  readonly connection: KubeConnection | undefined;
  readonly log: Pick<Logger, "debug" | "info" | "warn" | "error">;
  /** For the proxy's settings. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The running service. */
export interface RunningService {
  readonly port: number;
  /** Looks at every file at once, and opens the audit log anew. */
  lookAgain(): Promise<void>;
  /** Takes no connection any more, and ends when those that are there have their answers, or after so many milliseconds. */
  stop(drainMs: number): Promise<void>;
}

/** Puts the service together and starts it. What was started is stopped where the rest cannot be. */
export async function startService(options: StartServiceOptions): Promise<RunningService> {
  const { config, connection, log, env } = options;
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const told = (what: string) => ({
      onProblem: (error: unknown) =>
        log.error({ error: words(error) }, `${what} cannot be used; what was there before stays in use`),
      onChange: () => log.info({}, `${what} have changed, and are in use`),
    });
    const audit = await openAudit(config.auditLog, (error) =>
      log.error({ error: words(error) }, "a line of the audit log is lost"),
    );
    closers.push(() => audit.close());

    const served = new ServedSigner();
    const { secretsDirectory, reloadEvery: everyMs } = config;
    const secrets = await serveFragment({
      // The service waits for what may still be issued; looking once is then enough.
      fragment: {
        ...ejbcaIssuer,
        connect: (context: EjbcaContext) => connectEjbca(context, { settleMs: 0 }),
      },
      spec: { ejbca: config.ejbca },
      ...{ secretsDirectory, served, everyMs },
      ...told("the Secrets of EJBCA"),
      http: { proxy: proxyFromEnvironment(env) },
    });
    closers.push(
      () => secrets.close(),
      () => served.close(),
    );

    const transport = connection && new KubeTransport({ connection, userAgent: "countersign-sign-webhook" });
    if (transport !== undefined) closers.push(() => transport.close());
    const service = new SignService({
      signer: served,
      authenticate: authenticateBy(config, transport, (error) =>
        log.error({ error: words(error) }, "a token cannot be reviewed"),
      ),
      limits: limitsOf(config),
      durationSeconds: config.defaultDuration / 1000,
      allowCA: config.allowCA,
      onDecision(decision) {
        const { requestId, caller, status, code, serial, ms } = decision;
        const facts = { requestId, caller, status, code, serial, ms };
        if (decision.decision === "issued" || decision.decision === "pending")
          log.info(facts, decision.decision);
        else log.warn({ ...facts, error: decision.message }, decision.decision);
        audit.write(decision);
      },
      onTrouble: (requestId, error) => log.error({ requestId, error: words(error) }, "a request failed"),
    });

    const tls = await ServedTls.start(config, told("the TLS files"));
    closers.push(() => tls.close());
    const server = await startSignServer({ service, port: config.port, host: config.host, tls: tls.current });
    tls.serveBy(server);
    void checkOnce(served, log);
    let stopped: Promise<void> | undefined;
    return {
      port: server.port,
      async lookAgain() {
        await Promise.all([secrets.look(), tls.look(), audit.reopen()]);
      },
      stop(drainMs) {
        stopped ??= server.stop(drainMs).then(closeAll);
        return stopped;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Says at the start what an operator wants to know then; requests are served in any case. */
async function checkOnce(served: ServedSigner, log: StartServiceOptions["log"]): Promise<void> {
  try {
    await served.use((signer) => signer.check({ signal: AbortSignal.timeout(60_000) }));
    log.info({}, "EJBCA is ready to sign");
  } catch (error) {
    log.warn({ error: words(error) }, "EJBCA is not ready to sign");
  }
}

function limitsOf({ limits }: ServiceConfig) {
  const { bodyTimeout, signTimeout, rememberFor, ...counts } = limits;
  return { ...counts, bodyTimeoutMs: bodyTimeout, signTimeoutMs: signTimeout, rememberForMs: rememberFor };
}

/** An error for the log: its own words and those of its causes, without what looks like a credential. */
function words(error: unknown): string {
  const texts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && depth < 8; depth += 1) {
    texts.push(at instanceof Error ? at.message : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return redact(texts.join(" <- "));
}

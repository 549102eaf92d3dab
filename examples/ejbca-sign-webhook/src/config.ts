import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseGoDuration } from "@countersign/issuer-core";
import { ejbcaSpec } from "@countersign/issuer-ejbca";
import { parse } from "yaml";
import { z } from "zod";
import { type ServiceArguments, UsageError } from "./arguments.ts";

const file = z.string().min(1).max(4096);
const names = z.array(z.string().min(1).max(1024)).max(256).optional();
const port = z.coerce.number().int().min(0).max(65_535);
const count = z.int().min(1).max(100_000).optional();
const milliseconds = z
  .string()
  .max(64)
  .transform((text, context) => {
    const seconds = parseGoDuration(text);
    if (seconds === undefined)
      context.issues.push({ code: "custom", input: text, message: "expected a duration such as 30s" });
    return (seconds ?? 0) * 1000;
  });

const serviceConfig = z.strictObject({
  host: z.string().min(1).optional(),
  port: port.default(8443),
  probePort: port.default(8081),
  /** The server's certificate with its chain, and its key. */
  tls: z.strictObject({ certFile: file, keyFile: file }).optional(),
  /** Says that there is nothing to hide: loopback, or a proxy beside it that ends TLS. */
  allowPlainHttp: z.boolean().default(false),
  /** Callers by client certificate: of these CAs, and one of these names. */
  clients: z
    .strictObject({
      caFile: file,
      subjects: names,
      dnsNames: names,
      uris: names,
      anyone: z.boolean().optional(),
    })
    .optional(),
  /** Callers by a token of a service account, for one of these audiences. */
  tokens: z
    .strictObject({ audiences: names, usernames: names, groups: names, keepFor: milliseconds.optional() })
    .optional(),
  secretsDirectory: file.default("secrets"),
  reloadEvery: milliseconds.prefault("5s"),
  auditLog: file.optional(),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  /** Lifetime to ask for where a request names none. */
  defaultDuration: milliseconds.prefault("2160h"),
  allowCA: z.boolean().default(false),
  limits: z
    .strictObject({
      bodyTimeout: milliseconds.optional(),
      signTimeout: milliseconds.optional(),
      maxConcurrent: count,
      maxConcurrentPerCaller: count,
      maxWaiting: count,
      rememberFor: milliseconds.optional(),
    })
    .prefault({}),
  /** How long the service goes on after SIGTERM until it takes no connections, and then until it ends those it has. */
  drain: z
    .strictObject({ delay: milliseconds.prefault("3s"), timeout: milliseconds.prefault("20s") })
    .prefault({}),
  /** As `spec.ejbca` of an issuer. */
  ejbca: ejbcaSpec,
});

/** The configuration of the service; paths are absolute, durations in milliseconds. */
export type ServiceConfig = z.output<typeof serviceConfig>;

/**
 * Reads the configuration, YAML or JSON; what the command line says goes before it. Relative paths are relative to the file.
 *
 * @throws UsageError with one line that names the field
 */
export async function readServiceConfig(args: ServiceArguments): Promise<ServiceConfig> {
  const { config: path } = args;
  if (path === undefined)
    throw new UsageError("There is no configuration. Give one with --config FILE; see --help.");
  const given = await readYaml(path);
  const { host, port: servicePort, probePort, secretsDirectory, auditLog, logLevel } = args;
  const flags = { host, port: servicePort, probePort, secretsDirectory, auditLog, logLevel };
  const set = Object.entries(flags).filter(([, value]) => value !== undefined);
  const { data, error } = serviceConfig.safeParse({ ...given, ...Object.fromEntries(set) });
  const [issue] = error?.issues ?? [];
  if (data === undefined || issue !== undefined) {
    const where = issue?.path.join(".") || "the top";
    throw new UsageError(`${path}, at ${where}: ${issue?.message ?? "it is malformed"}.`);
  }
  assertSafe(data);
  const at = (relative: string) => resolve(dirname(path), relative);
  const { tls, clients } = data;
  return {
    ...data,
    secretsDirectory: secretsDirectory === undefined ? at(data.secretsDirectory) : resolve(secretsDirectory),
    tls: tls && { certFile: at(tls.certFile), keyFile: at(tls.keyFile) },
    clients: clients && { ...clients, caFile: at(clients.caFile) },
  };
}

async function readYaml(path: string): Promise<object> {
  try {
    const value: unknown = parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    const [first] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(`${path} cannot be read: ${first?.replace(/[:.]+$/, "")}.`);
  }
  throw new UsageError(`${path} has no fields. See samples/config.yaml.`);
}

const loopback: readonly (string | undefined)[] = ["127.0.0.1", "::1", "localhost"];

function assertSafe({ tls, clients, tokens, allowPlainHttp, host }: ServiceConfig): void {
  if (tls === undefined && !allowPlainHttp && !loopback.includes(host))
    throw new UsageError(
      "There is no tls, so tokens and certificates would be in the clear. Set tls, or allowPlainHttp where something beside it ends TLS.",
    );
  if (clients !== undefined && tls === undefined)
    throw new UsageError("clients needs tls: without it there are no client certificates.");
  if (clients === undefined && tokens === undefined)
    throw new UsageError("Nobody may use the service. Name callers in clients, in tokens, or in both.");
  if (tokens !== undefined && (tokens.audiences ?? []).length === 0)
    throw new UsageError("tokens.audiences is empty. Name the audience that tokens for this service have.");
  if (tokens !== undefined && [...(tokens.usernames ?? []), ...(tokens.groups ?? [])].length === 0)
    throw new UsageError("tokens names nobody. Set usernames, groups, or both.");
  const named = [...(clients?.subjects ?? []), ...(clients?.dnsNames ?? []), ...(clients?.uris ?? [])];
  if (clients !== undefined && named.length === 0 && clients.anyone !== true)
    throw new UsageError("clients names nobody. Set subjects, dnsNames or uris, or anyone: true.");
}

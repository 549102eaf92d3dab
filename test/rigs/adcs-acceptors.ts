import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { adcsPath } from "./adcs-tools.ts";
import { buildRig } from "./build-rig.ts";
import { runTool } from "./pkcs11-tools.ts";
import { logTail, startServer } from "./server-process.ts";

/** Extended protection as IIS's `tokenChecking` has it. */
export type Epa = "none" | "allow" | "require";

/** An account that the NTLM acceptors and Basic know. */
export interface AcceptorUser {
  readonly domain: string;
  readonly username: string;
  readonly password: string;
}

/** Options of {@link startAcceptor}. */
export interface AcceptorOptions {
  readonly epa: Epa;
  /** In the order of `WWW-Authenticate`. */
  readonly schemes: readonly ("Negotiate" | "NTLM" | "Basic")[];
  /** Who judges NTLM; pyspnego has no EPA "allow". None unless given. */
  readonly ntlm?: "gss-ntlmssp" | "pyspnego" | undefined;
  readonly users?: readonly AcceptorUser[] | undefined;
  /** Keytab of the service, and the krb5.conf of its realm. */
  readonly kerberos?: { readonly keytab: string; readonly krb5Conf: string } | undefined;
  /** Binds to another certificate than it serves, as a server behind a proxy that ends TLS does. */
  readonly behindProxy?: boolean | undefined;
  /** Whether a connection stays authenticated by Kerberos. */
  readonly persistKerberos?: boolean | undefined;
  /** Host name of the certificate beside 127.0.0.1 and localhost. */
  readonly host?: string | undefined;
  /** openssl's options of the certificate; RSA with SHA-256 unless given. */
  readonly certificate?: readonly string[] | undefined;
  /** URL that gets what has passed, with `X-Remote-User`; requests are described in JSON unless given. */
  readonly backend?: string | undefined;
}

/** One attempt, as the acceptor saw it. */
export interface Attempt {
  readonly connection: number;
  readonly scheme: string;
  readonly method: string;
  readonly path: string;
  readonly bodyBytes: number;
  readonly outcome: "continue" | "accepted" | "refused";
  readonly why?: string;
  readonly user?: string;
  readonly mechanism?: "kerberos" | "ntlm" | "basic";
  readonly bound?: boolean;
  /** Of an NTLM authenticate message: what it says beside its proof. */
  readonly version?: number;
  readonly mic?: boolean;
  readonly channelBindings?: string;
  readonly targetName?: string;
}

/** An IIS-like server whose authentication is foreign code (adcs/acceptors.py). */
export interface Acceptor extends AsyncDisposable {
  readonly port: number;
  /** By name, as its certificate has it. */
  readonly url: string;
  /** PEM of its certificate, which is self-signed. */
  readonly caPem: string;
  readonly certificatePath: string;
  /** All attempts so far. */
  ledger(): Promise<readonly Attempt[]>;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startAcceptor(options: AcceptorOptions): Promise<Acceptor> {
  const { users = [], host = "localhost", kerberos } = options;
  const directory = await mkdtemp(join(tmpdir(), "countersign-acceptor-"));
  const at = (name: string) => join(directory, name);
  await certify(directory, "server", host, options.certificate);
  if (options.behindProxy) await certify(directory, "inner", host);
  const lines = users.map(({ domain, username, password }) => `${domain}:${username}:${password}\n`);
  await writeFile(at("users"), lines.join(""), { mode: 0o600 });
  await writeFile(at("ledger"), "");
  const config = {
    certificate: at("server.crt"),
    key: at("server.key"),
    bindingCertificate: options.behindProxy ? at("inner.crt") : null,
    epa: options.epa,
    schemes: options.schemes,
    ntlm: options.ntlm ?? null,
    persistKerberos: options.persistKerberos ?? false,
    passwords: Object.fromEntries(users.map(({ username, password }) => [username, password])),
    backend: options.backend ?? null,
    ledger: at("ledger"),
  };
  await writeFile(at("config.json"), JSON.stringify(config), { mode: 0o600 });
  const { path: python } = await buildRig("adcs-acceptors");
  const server = await startServer({
    name: "acceptor",
    command: python,
    args: [join(import.meta.dirname, "adcs", "acceptors_front.py"), at("config.json")],
    logPath: at("log"),
    pipeStdout: true,
    env: {
      PATH: adcsPath,
      PYTHONDONTWRITEBYTECODE: "1",
      NTLM_USER_FILE: at("users"),
      KRB5RCACHENAME: `file2:${at("rcache")}`,
      ...(kerberos ? { KRB5_CONFIG: kerberos.krb5Conf, KRB5_KTNAME: kerberos.keytab } : {}),
    },
  });
  const stdout = server.stdout ?? process.stdin;
  const first = once(createInterface({ input: stdout }), "line");
  const started = await Promise.race([first, server.ended]);
  if (!Array.isArray(started))
    throw new Error(`the acceptor did not start (${started}): ${await logTail(at("log"))}`);
  const { port }: { port: number } = JSON.parse(String(started[0]));
  return {
    port,
    url: `https://${host}:${port}`,
    caPem: await readFile(at("server.crt"), "utf8"),
    certificatePath: at("server.crt"),
    async ledger() {
      const text = await readFile(at("ledger"), "utf8");
      return text
        .split("\n")
        .slice(0, -1)
        .map((line): Attempt => JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      await server.stop("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function certify(
  directory: string,
  name: string,
  host: string,
  options: readonly string[] = ["-newkey", "rsa:2048", "-sha256"],
): Promise<void> {
  const names = `subjectAltName=DNS:${host},DNS:localhost,IP:127.0.0.1`;
  const files = ["-keyout", join(directory, `${name}.key`), "-out", join(directory, `${name}.crt`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", names, "-days", "2"];
  await runTool("openssl", ["req", "-x509", "-nodes", ...options, ...subject, ...files]);
}

/** Runs one of the foreign clients of adcs/foreign_clients.py; resolves to the status that it got. */
export async function foreignClient(
  client: "requests-ntlm" | "requests-gssapi",
  url: string,
  options: {
    readonly caPath: string;
    readonly user?: string;
    readonly password?: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<number> {
  const { path: python } = await buildRig("adcs-acceptors");
  const script = join(import.meta.dirname, "adcs", "foreign_clients.py");
  const { caPath, user = "", password = "", env = {} } = options;
  return Number(await runTool(python, [script, client, url, caPath, user, password], env));
}

/** Runs curl, which has no channel binding; resolves to the status that it got. */
export async function curl(
  url: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const port = new URL(url).port;
  const host = new URL(url).hostname;
  const quiet = ["--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}"];
  const here = ["--noproxy", "*", "--resolve", `${host}:${port}:127.0.0.1`];
  return Number(await runTool("curl", [...quiet, ...here, ...args, url], env));
}

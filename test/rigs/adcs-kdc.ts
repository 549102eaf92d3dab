import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { adcsPath } from "./adcs-tools.ts";
import { freePort } from "./free-port.ts";
import { runTool } from "./pkcs11-tools.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";

/** A principal of a realm; with a random key unless there is a password. */
export interface KdcPrincipal {
  readonly name: string;
  readonly password?: string | undefined;
  /** `aes256-cts:normal` and `aes128-cts:normal` unless given. */
  readonly keys?: string | undefined;
  /** kadmin's options, such as `+requires_preauth` (which they have unless told otherwise). */
  readonly options?: readonly string[] | undefined;
}

/** Options of {@link startKdc}. */
export interface KdcOptions {
  readonly realm: string;
  readonly principals: readonly KdcPrincipal[];
  /** Other realms by the domain of hosts, to whose KDCs this one refers. */
  readonly domains?: Readonly<Record<string, string>> | undefined;
}

/** An MIT KDC of a realm of its own, on 127.0.0.1, unprivileged. */
export interface Kdc extends AsyncDisposable {
  readonly realm: string;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** krb5.conf for MIT's own clients and for acceptors. */
  readonly krb5Conf: string;
  /** Runs a command of kadmin.local. */
  admin(...command: readonly string[]): Promise<string>;
  /** Exports a principal's keys, which stay as they are. Resolves to the path of the keytab. */
  keytab(principal: string): Promise<string>;
  /** Lines of the KDC's log on requests: the oracle of who asked what. */
  requests(): Promise<readonly string[]>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** Starts one; ready in about a second. */
export async function startKdc({ realm, principals, domains = {} }: KdcOptions): Promise<Kdc> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-kdc-"));
  const at = (name: string) => join(directory, name);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const krb5Conf = at("krb5.conf");
  const hosts = Object.entries(domains).map(([domain, other]) => `  .${domain} = ${other}\n`);
  await writeFile(
    krb5Conf,
    `[libdefaults]
  default_realm = ${realm}
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  ${realm} = {
    kdc = ${address}
  }
[domain_realm]
${hosts.join("")}
`,
  );
  await writeFile(
    at("kdc.conf"),
    `[kdcdefaults]
  kdc_listen = ${address}
  kdc_tcp_listen = ${address}
[realms]
  ${realm} = {
    database_name = ${at("principal")}
    key_stash_file = ${at("stash")}
    acl_file = ${at("kadm5.acl")}
    max_life = 10h
    default_principal_flags = +preauth
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }
[logging]
  kdc = FILE:${at("kdc.log")}
  default = FILE:${at("default.log")}
`,
  );
  const env = { PATH: adcsPath, KRB5_CONFIG: krb5Conf, KRB5_KDC_PROFILE: at("kdc.conf") };
  const admin = (...command: readonly string[]) => runTool("kadmin.local", ["-r", realm, ...command], env);
  await runTool("kdb5_util", ["-r", realm, "create", "-s", "-P", "master"], env);
  for (const { name, password, keys, options = [] } of principals) {
    const secret = password === undefined ? ["-randkey"] : ["-pw", password];
    await admin("addprinc", ...options, ...(keys === undefined ? [] : ["-e", keys]), ...secret, name);
  }
  let server: ServerProcess | undefined;
  const start = async () => {
    server = await startServer({
      name: "krb5kdc",
      command: "krb5kdc",
      args: ["-n", "-r", realm, "-P", at("pid")],
      logPath: at("output"),
      env,
    });
    for (let waited = 0; !(await answers(port)); waited += 20) {
      if (waited > 10_000 || !server.running)
        throw new Error(
          `the KDC did not start: ${await logTail(at("output"))} ${await logTail(at("kdc.log"))}`,
        );
      await delay(20);
    }
  };
  await start();
  return {
    realm,
    address,
    krb5Conf,
    admin,
    async keytab(principal) {
      const path = at(`${principal.replaceAll("/", "_")}.keytab`);
      await rm(path, { force: true });
      await admin("ktadd", "-norandkey", "-k", path, principal);
      return path;
    },
    async requests() {
      const lines = (await readFile(at("kdc.log"), "utf8")).split("\n");
      return lines.filter((line) => /\b(AS|TGS)_REQ \(/.test(line));
    },
    kill: async () => server?.stop("SIGKILL"),
    restart: start,
    async [Symbol.asyncDispose]() {
      await server?.stop("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

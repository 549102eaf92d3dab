import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { adcsPath } from "./adcs-tools.ts";
import { freePort } from "./free-port.ts";
import { runTool } from "./pkcs11-tools.ts";
import { logTail, startServer } from "./server-process.ts";

/** An Active Directory domain controller: Samba's, of which the KDC alone is started, on 127.0.0.1. */
export interface AdDomain extends AsyncDisposable {
  readonly realm: string;
  /** `127.0.0.1:port` of the KDC. */
  readonly kdc: string;
  /** krb5.conf for acceptors. */
  readonly krb5Conf: string;
  /** Makes a user with AES keys. */
  addUser(name: string, password: string, servicePrincipal?: string): Promise<void>;
  set(account: string, attribute: string, value: string): Promise<void>;
  /** An attribute of the account; empty where it has none. */
  get(account: string, attribute: string): Promise<string>;
  /** Exports the keys of a principal. Resolves to the path of the keytab. */
  keytab(principal: string): Promise<string>;
}

/** AES 128 and 256 (MS-KILE 2.2.7). */
const aesOnly = "24";

/** Makes a domain that locks accounts after three wrong passwords; about 20 s. Needs root, as Samba's provisioning does. */
export async function startAdDomain(realm: string): Promise<AdDomain> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-domain-"));
  const at = (name: string) => join(directory, name);
  const [port, passwordPort] = [await freePort(), await freePort()];
  const conf = at("dc/etc/smb.conf");
  const env = { PATH: adcsPath };
  const tool = (...args: readonly string[]) => runTool("samba-tool", [...args, "-s", conf], env);
  await runTool(
    "samba-tool",
    [
      ...["domain", "provision", `--realm=${realm}`, `--domain=${realm.split(".")[0]}`, "--server-role=dc"],
      ...["--adminpass=Passw0rd-Adm1n", "--dns-backend=NONE", `--targetdir=${at("dc")}`],
      ...[
        "--host-name=dc1",
        "--host-ip=127.0.0.1",
        "--option=interfaces=lo",
        "--option=bind interfaces only=yes",
      ],
    ],
    env,
  );
  const settings = {
    "server services": "kdc",
    "krb5 port": String(port),
    "kpasswd port": String(passwordPort),
    "log file": at("samba.log"),
    "pid directory": directory,
    "ncalrpc dir": at("ncalrpc"),
    "ntp signd socket directory": at("ntp"),
    "winbindd socket directory": at("winbindd"),
  };
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} = ${value}\n`);
  const provisioned = (await readFile(conf, "utf8")).replace(/^\s*(log file|server services) =.*\n/gm, "");
  await writeFile(conf, provisioned.replace("[global]\n", `[global]\n${lines.join("")}`));
  await tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3");
  const server = await startServer({
    name: "samba",
    command: "samba",
    args: ["-i", "-M", "single", "-s", conf],
    logPath: at("output"),
    env,
  });
  for (let waited = 0; !(await answers(port)); waited += 50) {
    if (waited > 20_000 || !server.running)
      throw new Error(`Samba did not start: ${await logTail(at("output"))}`);
    await delay(50);
  }
  await writeFile(at("krb5.conf"), `[libdefaults]\n  default_realm = ${realm}\n  dns_lookup_kdc = false\n`);
  const account = (...args: readonly string[]) =>
    runTool("/usr/bin/python3", [join(import.meta.dirname, "adcs", "samba_account.py"), conf, ...args], env);
  const set = async (name: string, attribute: string, value: string) => {
    await account(name, attribute, value);
  };
  return {
    realm,
    kdc: `127.0.0.1:${port}`,
    krb5Conf: at("krb5.conf"),
    async addUser(name, password, servicePrincipal) {
      await tool("user", "create", name, password);
      await set(name, "msDS-SupportedEncryptionTypes", aesOnly);
      if (servicePrincipal !== undefined) await tool("spn", "add", servicePrincipal, name);
    },
    set,
    get: async (name, attribute) => (await account(name, attribute)).trim(),
    async keytab(principal) {
      const path = at(`${principal.replaceAll("/", "_")}.keytab`);
      await tool("domain", "exportkeytab", path, `--principal=${principal}@${realm}`);
      await access(path);
      return path;
    },
    async [Symbol.asyncDispose]() {
      await server.stop("SIGTERM", 2_000);
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

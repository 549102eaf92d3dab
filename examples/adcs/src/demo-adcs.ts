import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DemoIssuer } from "@countersign/issuer-testing";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { startAcceptor } from "../../../test/rigs/adcs-acceptors.ts";
import { startKdc } from "../../../test/rigs/adcs-kdc.ts";
import { missingAcceptors } from "../../../test/rigs/adcs-tools.ts";
import { buildRig } from "../../../test/rigs/build-rig.ts";

const realm = "CORP.TEST";
const service = "HTTP/pki.corp.test";
const account = { username: "svc-certs", password: "demonstration" };

/**
 * Starts a simulator of certsrv behind a web server that lets nobody in but by Kerberos with channel binding (EPA Require), which MIT's
 * libraries judge, and an MIT KDC. Throws where one of their packages is missing.
 */
export async function startDemoAdcs(log: (line: string) => void): Promise<DemoIssuer> {
  const missing = missingAcceptors();
  if (missing !== undefined) throw new Error(`The demonstration needs a Kerberos to log in at: ${missing}.`);
  await buildRig("adcs-acceptors", { log });
  const started: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(server: T): T => {
    started.unshift(server);
    return server;
  };
  const stop = async () => {
    for (const server of started) await server[Symbol.asyncDispose]();
  };
  try {
    const certsrv = keep(await startCertsrv());
    const principals = [
      { name: account.username, password: account.password },
      { name: service, options: ["-requires_preauth"] },
    ];
    const kdc = keep(await startKdc({ realm, principals }));
    const acceptor = keep(
      await startAcceptor({
        epa: "require",
        schemes: ["Negotiate"],
        kerberos: { keytab: await kdc.keytab(service), krb5Conf: kdc.krb5Conf },
        backend: certsrv.backendUrl,
      }),
    );
    const url = `https://127.0.0.1:${acceptor.port}`;
    return {
      spec: {
        adcs: {
          url,
          caBundleSecretRef: { name: "adcs" },
          auth: {
            kerberos: {
              ...{ realm, username: account.username, passwordSecretRef: { name: "adcs" } },
              ...{ kdcs: [kdc.address], servicePrincipal: service },
            },
          },
          template: "WebServer",
        },
      },
      secrets: { adcs: { password: account.password, "ca.crt": acceptor.caPem } },
      notes: [
        `started an MIT KDC of ${realm} at ${kdc.address}`,
        `started a simulator of certsrv at ${url}/certsrv, behind Kerberos with extended protection: Require`,
      ],
      async verify({ certificate }) {
        const ledger = await acceptor.ledger();
        const accepted = ledger.filter(({ outcome }) => outcome === "accepted");
        const bound = accepted.filter((attempt) => attempt.bound).length;
        const login = `  logins that MIT accepted as ${accepted[0]?.user}: ${accepted.length}, with channel binding: ${bound}`;
        return `${login}\n${await verify(certificate, certsrv.rootPem)}`;
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks OpenSSL, which knows nothing but the simulator's own root. */
async function verify(certificate: string, root: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-adcs-"));
  try {
    await writeFile(join(folder, "root.pem"), root);
    await writeFile(join(folder, "tls.crt"), certificate);
    const args = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls.crt", "tls.crt"];
    const { stdout } = await promisify(execFile)("openssl", args, { cwd: folder });
    return `  openssl verify, with the simulator's root:  ${stdout.trim()}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

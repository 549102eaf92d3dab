import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { adcs as definition } from "../../examples/adcs/src/adcs.ts";
import { configMaps, issuerType, secrets } from "../e2e/resources.ts";
import { type Certsrv, startCertsrv } from "../rigs/adcs/start-certsrv.ts";
import { type Acceptor, startAcceptor } from "../rigs/adcs-acceptors.ts";
import { type Kdc, startKdc } from "../rigs/adcs-kdc.ts";
import { type IssuerScene, issuerNamespace, startIssuerScene, teamNamespace } from "./issuer-scene.ts";

const realm = "CORP.TEST";
const service = "HTTP/pki.corp.test";
const account = { domain: "CORP", username: "svc", password: "Pässw0rd-1" };
/** Secret and ConfigMap that issuers refer to, in both namespaces. */
const login = "adcs-login";
const trust = "adcs-ca";

/** A cluster with the real cert-manager, and a simulator of certsrv behind foreign acceptors with EPA Require; nobody signs. */
export interface AdcsScene extends IssuerScene {
  readonly certsrv: Certsrv;
  readonly acceptor: Acceptor;
  readonly kdc: Kdc;
  /** Makes an issuer object; its `spec.adcs` has url, trust and template already. */
  issuer(kind: "AdcsIssuer" | "AdcsClusterIssuer", name: string, adcs: object): Promise<void>;
  storePassword(password: string): Promise<void>;
  /** OpenSSL's word on a chain, with nothing but the root of the simulator. */
  openssl(chain: string): Promise<string>;
}

/** Ways to log in as the account. */
export const logins = Object.freeze({
  ntlm: () => ({ ntlm: { username: "CORP\\svc", passwordSecretRef: { name: login } } }),
  password: ({ kdc }: Pick<AdcsScene, "kdc">) => ({
    kerberos: {
      ...{ realm, username: account.username, passwordSecretRef: { name: login } },
      ...{ kdcs: [kdc.address], servicePrincipal: service },
    },
  }),
  keytab: ({ kdc }: Pick<AdcsScene, "kdc">) => ({
    kerberos: { realm, keytabSecretRef: { name: login }, kdcs: [kdc.address], servicePrincipal: service },
  }),
});

/** Starts all of it (about 15 s). */
export async function startAdcsScene(): Promise<AdcsScene> {
  const stack = new AsyncDisposableStack();
  try {
    const references = { secrets: [login], configMaps: [trust] };
    const scene = stack.use(await startIssuerScene({ definition, account: "adcs-issuer", references }));
    const { kube, folder } = scene;
    const certsrv = stack.use(await startCertsrv({ language: "de" }));
    const kdc = stack.use(
      await startKdc({
        realm,
        principals: [
          { name: account.username, password: account.password },
          { name: service, options: ["-requires_preauth"] },
        ],
      }),
    );
    const acceptor = stack.use(
      await startAcceptor({
        ...{ epa: "require", schemes: ["Negotiate", "NTLM"], ntlm: "gss-ntlmssp", users: [account] },
        kerberos: { keytab: await kdc.keytab(service), krb5Conf: kdc.krb5Conf },
        backend: certsrv.backendUrl,
      }),
    );
    const keytab = (await readFile(await kdc.keytab(account.username))).toString("base64");
    const storePassword = async (password: string) => {
      for (const namespace of [issuerNamespace, teamNamespace])
        await kube.apply(secrets, {
          ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace, name: login } },
          data: { password: Buffer.from(password).toString("base64"), keytab },
        });
    };
    await storePassword(account.password);
    for (const namespace of [issuerNamespace, teamNamespace])
      await kube.create(configMaps, {
        ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: trust } },
        data: { "ca.crt": acceptor.caPem },
      });
    const owned = stack.move();
    return {
      ...scene,
      ...{ certsrv, acceptor, kdc, storePassword },
      async issuer(kind, name, adcs) {
        const type = issuerType(definition, kind);
        const namespace = type.namespaced ? { namespace: teamNamespace } : {};
        const url = `https://127.0.0.1:${acceptor.port}`;
        const poll = { minInterval: "500ms", maxInterval: "1s" };
        await kube.create(type, {
          ...{ apiVersion: `${definition.group}/${definition.version}`, kind },
          metadata: { name, ...namespace },
          spec: {
            adcs: { url, caBundleConfigMapRef: { name: trust }, template: "WebServer", poll, ...adcs },
          },
        });
      },
      async openssl(chain) {
        await writeFile(join(folder, "root.pem"), certsrv.rootPem);
        await writeFile(join(folder, "chain.pem"), chain);
        const files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"];
        return (await promisify(execFile)("openssl", ["verify", "-x509_strict", ...files], { cwd: folder }))
          .stdout;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

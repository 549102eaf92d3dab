import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { AUDIT_POLICY } from "./audit-log.ts";
import { buildRig } from "./build-rig.ts";
import { freePort } from "./free-port.ts";
import { expectSuccess, type KubeEndpoint, kubeRequest } from "./kube-request.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";

const START_TIMEOUT_MS = 60_000;
const ADMIN_TOKEN = "admin-token";

/** Options of {@link startControlPlane}. */
export interface ControlPlaneOptions {
  /** Log every request (level Metadata) to `auditLogPath`. Off unless asked: it costs a write per request. */
  readonly auditLog?: boolean;
  /** Where data, keys and logs go; it is then left in place by `stop()`. A temporary folder unless given. */
  readonly directory?: string;
}

/**
 * A real etcd and kube-apiserver on 127.0.0.1, with RBAC and ServiceAccount tokens, without controllers:
 * no garbage collection, namespaces stay Terminating, no `default` ServiceAccounts.
 */
export interface ControlPlane extends KubeEndpoint, AsyncDisposable {
  /** `https://127.0.0.1:PORT`; the same after a restart. */
  readonly url: string;
  /** Certificate that the API server's own certificate verifies against, PEM. */
  readonly caPem: string;
  /** Bearer token of a member of `system:masters`. */
  readonly adminToken: string;
  /** kubeconfig file whose only context is `admin`. */
  readonly kubeconfigPath: string;
  readonly auditLogPath: string | undefined;
  readonly kubectlPath: string;
  readonly directory: string;
  /** Ends the API server only (etcd keeps the data): SIGTERM unless told otherwise. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, unless it runs, on the same port with the same keys; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Ends both servers and removes the temporary folder. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a control plane; resolves when `/readyz` answers 200 (about 5 s).
 * @throws RigUnavailable when a binary cannot be had; Error with the last log lines when a server does not start.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const [etcdBinary, apiServerBinary, kubectlBinary] = [
    await buildRig("etcd"),
    await buildRig("kube-apiserver"),
    await buildRig("kubectl"),
  ];
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "countersign-control-plane-")));
  await mkdir(directory, { recursive: true });
  const inDirectory = (name: string) => join(directory, name);
  const auditLogPath = options.auditLog ? inDirectory("audit.log") : undefined;
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  await writeInputs(directory, auditLogPath !== undefined);

  const servers: { etcd?: ServerProcess; apiServer?: ServerProcess } = {};

  async function runApiServer(): Promise<KubeEndpoint> {
    const apiServer = await startServer({
      name: "kube-apiserver",
      command: apiServerBinary.path,
      logPath: inDirectory("kube-apiserver.log"),
      args: [
        `--etcd-servers=${etcdUrl}`,
        "--bind-address=127.0.0.1",
        `--secure-port=${port}`,
        `--cert-dir=${directory}`,
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-key-file=${inDirectory("service-account.pub")}`,
        `--service-account-signing-key-file=${inDirectory("service-account.key")}`,
        `--token-auth-file=${inDirectory("tokens.csv")}`,
        "--authorization-mode=RBAC",
        // Its ServiceAccounts would be made by the controller manager, which does not run.
        "--disable-admission-plugins=ServiceAccount",
        ...(auditLogPath
          ? [`--audit-policy-file=${inDirectory("audit-policy.json")}`, `--audit-log-path=${auditLogPath}`]
          : []),
      ],
    });
    servers.apiServer = apiServer;
    return untilReady(url, inDirectory("apiserver.crt"), [servers.etcd, apiServer]);
  }

  async function stop(): Promise<void> {
    await servers.apiServer?.stop("SIGTERM", 3_000);
    await servers.etcd?.stop("SIGTERM", 3_000);
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
  }

  try {
    servers.etcd = await startServer({
      name: "etcd",
      command: etcdBinary.path,
      logPath: inDirectory("etcd.log"),
      args: [
        "--unsafe-no-fsync",
        "--log-level=warn",
        `--data-dir=${inDirectory("etcd")}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      ],
    });
    const endpoint = await runApiServer();
    const kubeconfigPath = inDirectory("admin.kubeconfig");
    await writeFile(kubeconfigPath, kubeconfig(endpoint, "admin", ADMIN_TOKEN), { mode: 0o600 });
    return {
      ...endpoint,
      kubeconfigPath,
      auditLogPath,
      kubectlPath: kubectlBinary.path,
      directory,
      stopApiServer: async (signal) => servers.apiServer?.stop(signal),
      startApiServer: async () => {
        if (!servers.apiServer?.running) await runApiServer();
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A kubeconfig (JSON) with one context named for its user. */
export function kubeconfig(endpoint: KubeEndpoint, user: string, token: string): string {
  const ca = Buffer.from(endpoint.caPem).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "rig", cluster: { server: endpoint.url, "certificate-authority-data": ca } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: user, context: { cluster: "rig", user } }],
    "current-context": user,
  });
}

/** Runs kubectl as administrator; resolves to its standard output, rejects with its standard error. */
export async function kubectl(controlPlane: ControlPlane, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    controlPlane.kubectlPath,
    [`--kubeconfig=${controlPlane.kubeconfigPath}`, ...args],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}

/** Options of {@link serviceAccountToken}. */
export interface TokenOptions {
  /** The API server's own audience unless given. */
  readonly audiences?: readonly string[];
  /** Seconds, at least 600; 3600 unless given. */
  readonly expirationSeconds?: number;
}

/** A token of an existing ServiceAccount by TokenRequest. Throws with the server's message, e.g. not found. */
export async function serviceAccountToken(
  controlPlane: KubeEndpoint,
  namespace: string,
  name: string,
  options: TokenOptions = {},
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: options };
  const answer = expectSuccess(`POST ${path}`, await kubeRequest(controlPlane, "POST", path, { body }));
  return (answer as { readonly status: { readonly token: string } }).status.token;
}

async function writeInputs(directory: string, auditLog: boolean): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await writeFile(join(directory, "service-account.pub"), publicKey);
  await writeFile(join(directory, "service-account.key"), privateKey, { mode: 0o600 });
  await writeFile(join(directory, "tokens.csv"), `${ADMIN_TOKEN},admin,admin,system:masters\n`, {
    mode: 0o600,
  });
  if (auditLog) await writeFile(join(directory, "audit-policy.json"), JSON.stringify(AUDIT_POLICY));
}

async function untilReady(
  url: string,
  certificatePath: string,
  servers: readonly (ServerProcess | undefined)[],
): Promise<KubeEndpoint> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    for (const server of servers) {
      if (server?.running === false) {
        const end = await server.ended;
        throw new Error(`${server.name} ended (${end}); its log ends:\n${await logTail(server.logPath)}`);
      }
    }
    // The API server writes its own certificate followed by the CA that it made for it.
    const chain = await readFile(certificatePath, "utf8").catch(() => "");
    const caPem = chain.slice(Math.max(0, chain.lastIndexOf("-----BEGIN CERTIFICATE-----")));
    const endpoint = { url, caPem, adminToken: ADMIN_TOKEN };
    const ready = await kubeRequest(endpoint, "GET", "/readyz").catch(() => undefined);
    if (ready?.status === 200) return endpoint;
    await delay(100);
  }
  const tails = servers.map(async (server) => server && `${server.name}:\n${await logTail(server.logPath)}`);
  throw new Error(
    `no ready API server in ${START_TIMEOUT_MS / 1000} s:\n${(await Promise.all(tails)).join("\n")}`,
  );
}

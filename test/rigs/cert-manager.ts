import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { buildRig, runGo } from "./build-rig.ts";
import { approverRole, bindingOf, CERT_MANAGER_IDENTITY, CERT_MANAGER_ROLE } from "./cert-manager-rbac.ts";
import { kubeconfig, serviceAccountToken } from "./control-plane.ts";
import { expectSuccess, type KubeEndpoint, kubeApply, kubeRequest } from "./kube-request.ts";
import { moduleDirectory, RIGS } from "./rig.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";

const MODULE = "github.com/cert-manager/cert-manager";
const START_TIMEOUT_MS = 60_000;
const CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const RBAC_PATH = "/apis/rbac.authorization.k8s.io/v1";

/** Options of {@link startCertManager}. Durations are Go's: `500ms`, `1s`, `1h`. */
export interface CertManagerOptions {
  /** Run cert-manager's default approver, which tries to approve every request. Off unless asked. */
  readonly autoApprove?: boolean;
  /** Signers that cert-manager may approve, e.g. `softwarecaissuers.pki.example.com/*`; none unless given. */
  readonly approveSignerNames?: readonly string[];
  /** Delay after the first failed issuance of a Certificate; cert-manager's own default is `1h`. */
  readonly minBackoff?: string;
  /** Longest delay after failed issuances; cert-manager's own default is `32h`. */
  readonly maxBackoff?: string;
}

/** The real cert-manager: six certificate controllers, the webhook and, if asked, the default approver. */
export interface CertManager extends AsyncDisposable {
  readonly logPath: string;
  /** Ends the process (SIGTERM unless told otherwise). Its webhook configurations stay: writes then fail. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Where cert-manager runs: a control plane, or anything else with an address and a folder for files. */
export interface CertManagerTarget extends KubeEndpoint {
  readonly directory: string;
}

/**
 * Installs the CRDs and starts cert-manager under its own ServiceAccount; resolves when its controllers run and
 * the API server asks its webhook (about 3 s).
 * @throws RigUnavailable when the binary cannot be had; Error with the last log lines when it does not start.
 */
export async function startCertManager(
  target: CertManagerTarget,
  options: CertManagerOptions = {},
): Promise<CertManager> {
  const { autoApprove = false, approveSignerNames = [], minBackoff = "1h", maxBackoff = "32h" } = options;
  const { path: command } = await buildRig("cert-manager");
  await installCertManagerCrds(target);
  const kubeconfigPath = await createIdentity(target, approveSignerNames);
  const server = await startServer({
    name: "cert-manager",
    command,
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      `--auto-approve=${autoApprove}`,
      `--min-backoff=${minBackoff}`,
      `--max-backoff=${maxBackoff}`,
    ],
    logPath: join(target.directory, "cert-manager.log"),
    pipeStdout: true,
  });
  try {
    await untilReadyLine(server);
    await untilWebhookAnswers(target);
  } catch (error) {
    await server.stop("SIGKILL");
    throw new Error(`cert-manager did not start; its log ends:\n${await logTail(server.logPath)}`, {
      cause: error,
    });
  }
  return {
    logPath: server.logPath,
    stop: (signal) => server.stop(signal),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Applies the CRDs that the Go module of cert-manager carries and waits until they are served. */
export async function installCertManagerCrds(target: KubeEndpoint): Promise<void> {
  const download = await runGo(moduleDirectory(RIGS["cert-manager"]), ["mod", "download", "-json", MODULE]);
  const { Dir } = JSON.parse(download) as { readonly Dir: string };
  const folder = join(Dir, "deploy", "crds");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
  await Promise.all(
    files.map(async (file) => installCrd(target, parse(await readFile(join(folder, file), "utf8")))),
  );
}

/** Applies one CustomResourceDefinition and waits (10 s at most) until it is Established. */
export async function installCrd(
  target: KubeEndpoint,
  crd: { readonly metadata: { readonly name: string } },
): Promise<void> {
  const path = `${CRD_PATH}/${crd.metadata.name}`;
  // Server-side: two of cert-manager's exceed what the annotation of a client-side apply can hold.
  await kubeApply(target, path, crd);
  const deadline = Date.now() + 10_000;
  for (;;) {
    const current = expectSuccess(`GET ${path}`, await kubeRequest(target, "GET", path));
    if (isEstablished(current)) return;
    if (Date.now() > deadline) throw new Error(`${crd.metadata.name} is not Established after 10 s`);
    await delay(50);
  }
}

interface CrdStatus {
  /** The API server writes null before the first condition. */
  readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
}

function isEstablished(crd: unknown): boolean {
  const { status } = crd as { readonly status?: CrdStatus };
  return (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

/** Creates cert-manager's ServiceAccount with its rights; resolves to the path of its kubeconfig. */
async function createIdentity(target: CertManagerTarget, signerNames: readonly string[]): Promise<string> {
  const { namespace, name } = CERT_MANAGER_IDENTITY;
  const namespacePath = `/api/v1/namespaces/${namespace}`;
  await kubeApply(target, namespacePath, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  await kubeApply(target, `${namespacePath}/serviceaccounts/${name}`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  const granted = [CERT_MANAGER_ROLE.metadata.name];
  await kubeApply(target, `${RBAC_PATH}/clusterroles/${granted[0]}`, CERT_MANAGER_ROLE);
  if (signerNames.length > 0) {
    granted.push("cert-manager-controller-approve");
    await kubeApply(
      target,
      `${RBAC_PATH}/clusterroles/cert-manager-controller-approve`,
      approverRole(signerNames),
    );
  }
  for (const role of granted) {
    await kubeApply(target, `${RBAC_PATH}/clusterrolebindings/${role}`, bindingOf(role));
  }
  const token = await serviceAccountToken(target, namespace, name, { expirationSeconds: 24 * 3600 });
  const path = join(target.directory, "cert-manager.kubeconfig");
  await writeFile(path, kubeconfig(target, name, token), { mode: 0o600 });
  return path;
}

async function untilReadyLine(server: ServerProcess): Promise<void> {
  if (!server.stdout) throw new Error("cert-manager was started without a pipe for its standard output");
  const lines = createInterface({ input: server.stdout });
  const ready = new Promise<string>((resolve) => {
    lines.on("line", (line) => line === "ready" && resolve("ready"));
  });
  const timeout = new AbortController();
  const outcome = await Promise.race([
    ready,
    server.ended,
    delay(START_TIMEOUT_MS, `not ready after ${START_TIMEOUT_MS / 1000} s`, { signal: timeout.signal }),
  ]);
  timeout.abort();
  if (outcome !== "ready") throw new Error(outcome);
}

/**
 * A webhook configuration takes effect when the API server's watch brings it, some time after it was written;
 * until then writes pass unchecked. So the probe is a request that only the webhook refuses.
 */
async function untilWebhookAnswers(target: KubeEndpoint): Promise<void> {
  const probe = {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: "webhook-probe" },
    spec: { request: Buffer.from("not a CSR").toString("base64"), issuerRef: { name: "probe" } },
  };
  const path = "/apis/cert-manager.io/v1/namespaces/default/certificaterequests?dryRun=All";
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const { status, body } = await kubeRequest(target, "POST", path, { body: probe });
    const { message = "" } = body as { readonly message?: string };
    const denied = message.includes("admission webhook");
    // The validating half also complains of the username while the mutating half does not stamp it yet.
    if (denied && !message.includes("spec.username")) break;
    if (Date.now() > deadline) throw new Error(`the webhook is not asked: ${status} ${message}`);
    await delay(50);
  }
  const certificate = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "webhook-probe" },
    spec: { secretName: "probe", dnsNames: ["probe.example.com"], issuerRef: { name: "probe" } },
  };
  const certificates = "/apis/cert-manager.io/v1/namespaces/default/certificates?dryRun=All";
  expectSuccess("dry run", await kubeRequest(target, "POST", certificates, { body: certificate }));
}

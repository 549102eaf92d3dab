import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildCsr, type CertificateRequest, newPrivateKey, newSelfSignedCa } from "@countersign/issuer-core";
import { startInformer } from "@countersign/issuer-core/kube";
import {
  certificateRequestType,
  certManagerCrds,
  secretType,
  startTestCluster,
  type TestCluster,
} from "@countersign/issuer-testing";
import { softwareCa } from "../../examples/software-ca/src/software-ca.ts";
import { startIssuerProcess } from "./issuer-process.ts";
import { cpuSecondsOf, memoryOf } from "./process-usage.ts";

// How fast an issuer works off what waits for it when it starts, and what that costs: examples/software-ca in a process of
// its own, against the embedded Kubernetes API in this one. The clock runs from its first certificate to its last. With
// several checkouts the rounds alternate, so that a busy machine is busy for all.
const HELP = `Usage: npm run bench:backlog -- [options]

  --root DIR     checkout whose issuer is measured; may be repeated (this one)
  --requests N   approved requests that wait (2000)
  --rounds N     rounds of each, of which the best counts (3)
  --limit PCT    fail when the first root costs so many per cent more CPU than the last (no limit)
`;

interface Round {
  readonly perSecond: number;
  /** Of the issuer, in milliseconds. */
  readonly cpuPerRequest: number;
  /** In MiB. */
  readonly rss: number;
  readonly peak: number;
}

const crdType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};
const own = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    root: { type: "string", multiple: true, default: [own] },
    requests: { type: "string", default: "2000" },
    rounds: { type: "string", default: "3" },
    limit: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) process.stdout.write(HELP);
else
  await bench(
    values.root,
    Number(values.requests),
    Number(values.rounds),
    Number(values.limit ?? "Infinity"),
  );

async function bench(roots: readonly string[], requests: number, rounds: number, limit: number) {
  const csrs = await newCsrs(50);
  const results = new Map(roots.map((root) => [root, [] as Round[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [root, all] of results) all.push(await oneRound(root, requests, csrs));
  const titles = ["requests/s", "CPU ms/request", "RSS MiB", "peak MiB"];
  process.stdout.write(`${titles.map((title) => title.padStart(15)).join("")}\n`);
  const least = (all: readonly Round[], of: keyof Round) => Math.min(...all.map((round) => round[of]));
  for (const [root, all] of results) {
    const best = [
      Math.max(...all.map(({ perSecond }) => perSecond)).toFixed(0),
      least(all, "cpuPerRequest").toFixed(3),
      least(all, "rss").toFixed(0),
      least(all, "peak").toFixed(0),
    ];
    process.stdout.write(`${best.map((cell) => cell.padStart(15)).join("")}  ${root}\n`);
  }
  const costs = [...results.values()].map((all) => least(all, "cpuPerRequest"));
  const [first = 0, last = first] = [costs[0], costs.at(-1)];
  if (first > last * (1 + limit / 100)) {
    process.stderr.write(
      `The first costs ${((first / last - 1) * 100).toFixed(1)} % more CPU than the last.\n`,
    );
    process.exitCode = 1;
  }
}

/** Requests that are approved first; then the issuer starts. */
async function oneRound(root: string, requests: number, csrs: readonly string[]): Promise<Round> {
  await using cluster = await startTestCluster({ definitions: [softwareCa], certManager: false });
  for (const crd of certManagerCrds()) await cluster.apply(crdType, crd);
  const issuerRef = await createIssuer(cluster);
  for (let from = 0; from < requests; from += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, requests - from) }, (_, at) =>
        createApproved(cluster, `web-${from + at}`, csrs[at % csrs.length] ?? "", issuerRef),
      ),
    );
  let issued = 0;
  await using informer = startInformer<CertificateRequest>({
    transport: cluster.transport,
    type: certificateRequestType,
  });
  informer.store.onChange(({ object, previous }) => {
    if (object.status?.certificate !== undefined && previous?.status?.certificate === undefined) issued += 1;
  });
  await informer.synced;
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  try {
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, cluster.api.kubeconfigYaml(), { mode: 0o600 });
    await using issuer = startIssuerProcess(root, ["--kubeconfig", kubeconfig, "--log-level", "warn"]);
    const until = async (count: number) => {
      const end = performance.now() + 120_000;
      while (issued < count) {
        issuer.assertRunning();
        if (performance.now() > end) throw new Error(`${issued} of ${requests} are issued after two minutes`);
        await delay(5);
      }
    };
    await until(1);
    const before = { issued, at: performance.now(), cpu: await cpuSecondsOf(issuer.pid) };
    await until(requests);
    const seconds = (performance.now() - before.at) / 1000;
    const cpu = (await cpuSecondsOf(issuer.pid)) - before.cpu;
    const count = requests - before.issued;
    return {
      perSecond: count / seconds,
      cpuPerRequest: (cpu * 1000) / count,
      ...(await memoryOf(issuer.pid)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function createIssuer({ apply }: TestCluster) {
  const day = 86_400_000;
  const { certificate, key } = newSelfSignedCa({
    commonName: "Bench CA",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
  });
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
  const data = { "tls.crt": certificate.pem, "tls.key": pem };
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  const metadata = { name: "ca", namespace: "default" };
  const secret = { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) };
  await apply(secretType, secret);
  const { group, version, kinds } = softwareCa;
  const [{ kind, plural } = { kind: "", plural: "" }] = kinds;
  const issuer = { apiVersion: `${group}/${version}`, kind, metadata, spec: { secretName: "ca" } };
  await apply({ group, version, kind, plural, namespaced: true }, issuer);
  return { group, kind, name: "ca" };
}

async function createApproved({ transport }: TestCluster, name: string, csr: string, issuerRef: object) {
  const path = "/apis/cert-manager.io/v1/namespaces/default/certificaterequests";
  const created = await transport.request<CertificateRequest>({
    method: "POST",
    path,
    body: {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name, namespace: "default" },
      spec: {
        issuerRef,
        request: Buffer.from(csr).toString("base64"),
        usages: ["digital signature", "server auth"],
      },
    },
  });
  const approved = {
    type: "Approved",
    status: "True",
    reason: "Bench",
    message: "approved",
    lastTransitionTime: new Date().toISOString(),
  };
  await transport.request({
    method: "PUT",
    path: `${path}/${name}/status`,
    body: { ...created, status: { conditions: [approved] } },
  });
}

function newCsrs(count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: [`host-${at}.example.com`] }),
    ),
  );
}

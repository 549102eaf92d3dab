import { chmod, mkdir, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import {
  type CertificateRequest,
  type IssuerDefinition,
  Lifecycle,
  parseCertificate,
  parseCertificates,
  type ResourceType,
  type RunningIssuer,
  runIssuer,
  startIssuer,
  type X509,
} from "@countersign/issuer-core";
import { resourcePath } from "@countersign/issuer-core/kube";
import { certificateFor } from "../cert-manager/certificate-for.ts";
import { certificateRequestType, certificateType, secretType } from "../cert-manager/kube-objects.ts";
import { waitForReady } from "../cert-manager/wait-for-ready.ts";
import { startTestCluster, type TestCluster } from "../test-cluster.ts";
import { type DemoArguments, demoHelp, parseDemoArguments } from "./demo-arguments.ts";
import { profileOf, readCsrFile } from "./read-csr.ts";

/** What a demonstration's issuer is given. */
export interface DemoIssuer extends Partial<AsyncDisposable> {
  /** `spec` of the cluster issuer. */
  readonly spec: object;
  /** Secrets in the cluster-resource namespace, by name; the values are plain text. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** Lines that say what was started for the demonstration. */
  readonly notes?: readonly string[] | undefined;
  /** Looks at what was issued with something of its own, such as the PKI's CA; answers the line that says so. */
  readonly verify?: ((issued: DemoResult) => Promise<string>) | undefined;
}

/** A demonstration of one issuer. */
export interface Demo {
  /** Folder of the example. */
  readonly name: string;
  readonly definition: IssuerDefinition;
  /** Starts what the issuer talks to, and says how the issuer is configured. */
  readonly prepare: () => Promise<DemoIssuer> | DemoIssuer;
}

/** The process, or what stands for it in a test. */
export interface DemoOptions {
  readonly argv?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly print?: ((line: string) => void) | undefined;
}

const namespace = "default";
const timeoutMs = 30_000;

interface IssuerReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** What is written to the folder at the end, as PEM. */
export interface DemoResult {
  readonly certificate: string;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

/**
 * Runs a demonstration as a program: one line for each step with the time since the start, the certificate in words, the
 * files in a folder, exit code 0. Whatever fails is one line on standard error, and exit code 1.
 */
export async function runDemo(demo: Demo, options: DemoOptions = {}): Promise<void> {
  const { argv = process.argv.slice(2), env = process.env } = options;
  const print = options.print ?? ((line: string) => void process.stdout.write(`${line}\n`));
  try {
    const args = parseDemoArguments(demo.name, argv, env.INIT_CWD ?? process.cwd());
    if (args.help) return print(demoHelp(demo.name).trimEnd());
    if (args.printManifests) return await runIssuer(demo.definition, { argv: ["--print-manifests"], env });
    if (args.kubeconfig !== undefined)
      return await runAgainst(demo.definition, args.kubeconfig, args.context, env);
    await issue(demo, args, print);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function runAgainst(
  definition: IssuerDefinition,
  file: string,
  context: string | undefined,
  env: DemoOptions["env"],
) {
  const argv = ["--kubeconfig", file, ...(context === undefined ? [] : ["--context", context])];
  return runIssuer(definition, { argv, env });
}

async function issue(demo: Demo, args: DemoArguments, print: (line: string) => void): Promise<void> {
  const started = performance.now();
  const step = (text: string) =>
    print(`${((performance.now() - started) / 1000).toFixed(3).padStart(8)} s  ${text}`);
  const csr = args.csr === undefined ? undefined : await readCsrFile(args.csr);
  const { definition, name } = demo;
  print(`countersign: examples/${name}`);

  const cluster = await startTestCluster({ definitions: [definition] });
  let prepared: DemoIssuer | undefined;
  let issuer: RunningIssuer | undefined;
  try {
    prepared = await demo.prepare();
    step(`embedded Kubernetes API at ${cluster.api.url}, with a stand-in for cert-manager`);
    for (const note of prepared.notes ?? []) step(note);
    const kind = definition.kinds.find(({ scope }) => scope === "Cluster") ?? definition.kinds[0];
    if (kind === undefined) throw new TypeError("Expected `definition` to have a kind, got none");
    const lifecycle = announceSteps(new Lifecycle(), cluster, step);
    issuer = startIssuer(definition, {
      connection: cluster.connection,
      lifecycle,
      clusterResourceNamespace: namespace,
    });
    await issuer.synced;
    step("issuer started and watching");

    for (const [secret, values] of Object.entries(prepared.secrets ?? {})) {
      const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
      await cluster.apply(secretType, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: secret, namespace },
        ...{ data: Object.fromEntries(data) },
      });
    }
    const issuerRef = { group: definition.group, kind: kind.kind, name: "demo" };
    const type: ResourceType = { ...definition, ...kind, namespaced: kind.scope === "Namespaced" };
    const ready = issuerReady(lifecycle);
    await cluster.apply(type, {
      apiVersion: `${definition.group}/${definition.version}`,
      kind: kind.kind,
      metadata: { name: "demo", ...(type.namespaced ? { namespace } : {}) },
      ...{ spec: prepared.spec },
    });
    await ready;
    const result =
      csr === undefined
        ? await issueCertificate(cluster, lifecycle, issuerRef)
        : await signCsr(cluster, lifecycle, issuerRef, csr);
    step(csr === undefined ? "Ready: the Secret default/web-tls has the certificate" : "Ready");
    describe(result, print);
    const verified = await prepared.verify?.(result);
    if (verified !== undefined) print(`${verified}\n`);
    await write(result, args.out, print);
  } finally {
    await issuer?.stop();
    await prepared?.[Symbol.asyncDispose]?.();
    await cluster.stop();
  }
}

function announceSteps(lifecycle: Lifecycle, cluster: TestCluster, step: (text: string) => void): Lifecycle {
  lifecycle.on("issuer:checked", ({ issuer, ready, message }) => {
    step(`${issuer.kind} ${issuer.name} is ${ready ? "Ready" : "not Ready"}: ${message}`);
  });
  lifecycle.on("request:signed", ({ request, signMs, serial }) => {
    step(
      `CertificateRequest ${request.namespace}/${request.name} signed in ${Math.round(signMs)} ms, serial ${serial}`,
    );
  });
  for (const name of ["request:pending", "request:retrying"] as const) {
    lifecycle.on(name, ({ message }) => step(message));
  }
  const approved = ({ namespace, name }: { namespace: string; name: string }) =>
    step(`CertificateRequest ${namespace}/${name} approved by the stand-in`);
  cluster.certManager?.events.on("approved", approved);
  return lifecycle;
}

/** Resolves when the issuer is Ready; rejects with its own words when it says for the first time that it is not. */
function issuerReady(lifecycle: Lifecycle): Promise<void> {
  return new Promise((resolve, reject) => {
    lifecycle.once("issuer:checked", ({ ready, message }) => {
      if (ready) resolve();
      else reject(new Error(`The issuer is not Ready. ${message}`));
    });
  });
}

/** Rejects when a request fails for good; never resolves. */
function requestFailed(lifecycle: Lifecycle): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    lifecycle.once("request:failed", ({ message }) => reject(new Error(`Refused. ${message}`)));
  });
  failed.catch(() => {});
  return failed;
}

async function issueCertificate(
  cluster: TestCluster,
  lifecycle: Lifecycle,
  issuerRef: IssuerReference,
): Promise<DemoResult> {
  const certificate = certificateFor({
    namespace,
    name: "web",
    issuerRef,
    commonName: "web.example.com",
    dnsNames: ["web.example.com", "www.example.com"],
    usages: ["digital signature", "key encipherment", "server auth"],
    privateKey: { algorithm: "ECDSA", size: 256 },
  });
  const failed = requestFailed(lifecycle);
  await cluster.apply(certificateType, certificate);
  const ready = waitForReady(cluster.connection, { namespace, name: "web" }, { timeoutMs });
  const secret = await Promise.race([ready, failed]);
  return { certificate: secret["tls.crt"], key: secret["tls.key"], ca: secret["ca.crt"] };
}

async function signCsr(
  cluster: TestCluster,
  lifecycle: Lifecycle,
  issuerRef: IssuerReference,
  csr: Buffer,
): Promise<DemoResult> {
  const issued = new Promise<void>((resolve, reject) => {
    lifecycle.once("request:issued", () => resolve());
    setTimeout(() => reject(new Error(`Not issued within ${timeoutMs / 1000} s.`)), timeoutMs).unref();
  });
  const failed = requestFailed(lifecycle);
  await cluster.apply(certificateRequestType, {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: "csr", namespace },
    ...{ spec: { issuerRef, request: csr.toString("base64"), ...profileOf(csr) } },
  });
  await Promise.race([issued, failed]);
  const path = resourcePath(certificateRequestType, { namespace, name: "csr" });
  const { status } = await cluster.transport.request<CertificateRequest>({ path });
  const text = (value: string | undefined) =>
    value === undefined ? undefined : Buffer.from(value, "base64").toString();
  return { certificate: text(status?.certificate) ?? "", key: undefined, ca: text(status?.ca) };
}

function describe({ certificate, ca }: DemoResult, print: (line: string) => void): void {
  const chain = parseCertificates(certificate);
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("The request is Ready, but has no certificate.");
  const { dns, ip, uri, email } = leaf.names;
  const days = ((leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 86_400_000).toFixed(0);
  const issuers: readonly X509[] = [...chain.slice(1), ...(ca === undefined ? [] : [parseCertificate(ca)])];
  print("");
  print(`  subject   ${leaf.subject || "(empty)"}`);
  print(`  names     ${[...dns, ...ip, ...uri, ...email].join(", ") || "(none)"}`);
  print(`  valid     ${leaf.notBefore.toISOString()} to ${leaf.notAfter.toISOString()} (${days} days)`);
  print(
    `  chain     ${[leaf, ...new Map(issuers.map((each) => [each.sha256Hex, each])).values()].map(({ subject }) => subject || "(empty)").join("  <-  ")}`,
  );
  print("");
}

async function write(
  { certificate, key, ca }: DemoResult,
  folder: string,
  print: (line: string) => void,
): Promise<void> {
  const shown = relative(process.cwd(), folder).startsWith("..")
    ? folder
    : relative(process.cwd(), folder) || ".";
  const files = Object.entries({ "tls.crt": certificate, "tls.key": key, "ca.crt": ca });
  try {
    await mkdir(folder, { recursive: true });
    for (const [file, text] of files) if (text !== undefined) await writeFile(`${folder}/${file}`, text);
    if (key !== undefined) await chmod(`${folder}/tls.key`, 0o600);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`Cannot write to ${folder} (${code}). Choose another folder with --out DIR.`);
  }
  const written = files.flatMap(([file, text]) => (text === undefined ? [] : [file]));
  print(`Written to ${shown}: ${written.join(", ")}`);
  print(`Verify it:  openssl verify -CAfile ${shown}/ca.crt ${shown}/tls.crt`);
}

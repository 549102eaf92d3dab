import { createHash } from "node:crypto";
import {
  buildCsr,
  type CertificateRequest,
  connectionTo,
  type IssuerDefinition,
  type IssuerObject,
  issuerCrds,
  type KubeObject,
  Lifecycle,
  newPrivateKey,
  parseCsr,
  type RunningIssuer,
  type ServeOptions,
  startIssuer,
  type Trouble,
} from "@countersign/issuer-core";
import {
  type FakePki,
  type FakePkiIssuerOptions,
  type FakePkiOptions,
  fakePkiIssuer,
  startFakePki,
} from "@countersign/issuer-testing";
import type { TestContext } from "vitest";
import { findCondition, isTrue, trueCondition } from "../e2e/conditions.ts";
import { eventually } from "../e2e/eventually.ts";
import { certificateRequests, crds, events, issuerType, namespaces, secrets } from "../e2e/resources.ts";
import { type ApiRelay, startApiRelay } from "./fixtures/api-relay.ts";
import type { FaultsTarget } from "./target.ts";

/** A `events.k8s.io/v1` Event, as far as tests look. */
export interface KubeEvent extends KubeObject {
  readonly reason: string;
  readonly regarding: { readonly name: string };
}

/** How a {@link FaultScene} begins. */
export interface SceneOptions {
  readonly signer?: Omit<FakePkiIssuerOptions, "group"> | undefined;
  readonly pki?: FakePkiOptions | undefined;
}

const tokenSecret = "pki-token";
const kind = "FakePkiIssuer";
/** API calls of the test at once: as many as two cores answer without a queue. */
const parallelCalls = 16;

/**
 * One case's corner: a namespace, a definition of its own group, a PKI, and a relay that is the issuer's only way to the
 * API server. Use {@link beginScene}.
 */
export class FaultScene {
  readonly target: FaultsTarget;
  readonly namespace: string;
  readonly definition: IssuerDefinition;
  readonly pki: FakePki;
  readonly relay: ApiRelay;
  /** What the issuers of this scene announced as trouble. */
  readonly troubles: Trouble[] = [];
  /** Names of the requests of which the issuers of this scene announced that they may have been issued before. */
  readonly doubted = new Set<string>();
  readonly #context: Pick<TestContext, "onTestFinished">;

  constructor(
    target: FaultsTarget,
    context: Pick<TestContext, "onTestFinished">,
    parts: Pick<FaultScene, "namespace" | "definition" | "pki" | "relay">,
  ) {
    this.target = target;
    this.#context = context;
    this.namespace = parts.namespace;
    this.definition = parts.definition;
    this.pki = parts.pki;
    this.relay = parts.relay;
  }

  /** Runs an issuer in this process, behind the relay, until the test is finished or it is stopped. */
  async serve(options: Partial<ServeOptions> = {}, definition = this.definition): Promise<RunningIssuer> {
    const lifecycle = new Lifecycle();
    lifecycle.on("trouble", (trouble) => void this.troubles.push(trouble));
    lifecycle.on("request:possibleDuplicate", ({ request }) => void this.doubted.add(request.name));
    const issuer = startIssuer(definition, {
      connection: connectionTo({ server: this.relay.url, token: this.target.token }),
      clusterResourceNamespace: this.namespace,
      kubernetesSigningRequests: false,
      lifecycle,
      drainMs: 2_000,
      ...options,
    });
    this.#context.onTestFinished(() => issuer.stop());
    await issuer.synced;
    return issuer;
  }

  /** Creates or replaces the Secret with the PKI's token. */
  async storeToken(token: string, name = tokenSecret): Promise<void> {
    await this.target.kube.apply(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: this.namespace },
      data: { token: Buffer.from(token).toString("base64") },
    });
  }

  deleteToken(): Promise<void> {
    return this.target.kube.delete(secrets, { namespace: this.namespace, name: tokenSecret });
  }

  /** Creates an issuer object; `main` unless named. */
  async createIssuer(name = "main", url = this.pki.url): Promise<void> {
    const { group, version } = this.definition;
    await this.target.kube.create(issuerType(this.definition, kind), {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name, namespace: this.namespace },
      spec: { url, tokenSecretRef: { name: tokenSecret } },
    });
  }

  deleteIssuer(name = "main"): Promise<void> {
    return this.target.kube.delete(issuerType(this.definition, kind), { namespace: this.namespace, name });
  }

  /** Has the issuer looked at anew, as people do by an annotation. */
  async touchIssuer(name = "main"): Promise<void> {
    const target = { namespace: this.namespace, name };
    const value = `${performance.now()}`;
    await this.target.kube.annotate(issuerType(this.definition, kind), target, "example.com/touched", value);
  }

  async untilIssuer(status: "True" | "False", name = "main", timeout = 20_000): Promise<void> {
    const target = { namespace: this.namespace, name };
    await eventually(
      { timeout, interval: 100 },
      `issuer ${this.namespace}/${name} with Ready=${status}`,
      () => this.target.kube.get<IssuerObject>(issuerType(this.definition, kind), target),
      (issuer) => findCondition(issuer, "Ready")?.status === status,
    );
  }

  /** Creates approved requests `<prefix>-0` and so on; resolves to their names. */
  async createRequests(count: number, { prefix = "r", issuer = "main" } = {}): Promise<readonly string[]> {
    const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    await eachOf(names, (name) => this.createRequest(name, issuer));
    return names;
  }

  /** Creates one approved request. */
  async createRequest(name: string, issuer = "main"): Promise<void> {
    const { kube } = this.target;
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const dnsName = `${name}.${this.namespace}.example.com`;
    const csr = await buildCsr({ key, commonName: dnsName, dnsNames: [dnsName] });
    const metadata = { name, namespace: this.namespace };
    await kube.create(certificateRequests, {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata,
      spec: {
        issuerRef: { group: this.definition.group, kind, name: issuer },
        request: Buffer.from(csr).toString("base64"),
      },
    });
    const conditions = [trueCondition("Approved", "Faults", "the test approves")];
    await kube.applyStatus(certificateRequests, metadata, { conditions });
  }

  deleteRequest(name: string): Promise<void> {
    return this.target.kube.delete(certificateRequests, { namespace: this.namespace, name });
  }

  /** All requests of the scene. */
  requests(): Promise<readonly CertificateRequest[]> {
    return this.target.kube.list<CertificateRequest>(certificateRequests, this.namespace);
  }

  /** The list of the requests, whole as the API server answers it. */
  async requestList(): Promise<object> {
    const path = `/apis/cert-manager.io/v1/namespaces/${this.namespace}/certificaterequests`;
    const headers = { authorization: `Bearer ${this.target.token}` };
    const answer = await fetch(`${this.relay.url}${path}`, { headers });
    return (await answer.json()) as object;
  }

  /** Resolves when every request is Ready, and none has failed on the way; to the time that took, in milliseconds. */
  async untilIssued(count: number, timeout: number): Promise<number> {
    const start = performance.now();
    await eventually(
      { timeout, interval: 200 },
      `${count} requests issued in ${this.namespace}`,
      async () => {
        const requests = await this.requests();
        const failed = requests.find(({ status }) => status?.failureTime !== undefined);
        if (failed !== undefined) return { failed: findCondition(failed, "Ready") };
        const issued = requests.filter(({ status }) => isTrue(status?.conditions, "Ready"));
        const waiting = requests.find(({ status }) => !isTrue(status?.conditions, "Ready"));
        return {
          issued: issued.length,
          waiting: findCondition(waiting, "Ready"),
          name: waiting?.metadata.name,
          troubles: this.troubles.slice(-3).map(({ where, error }) => `${where}: ${error}`),
        };
      },
      (seen) => seen.issued === count,
    );
    return performance.now() - start;
  }

  /** Names of the requests whose CSR has one of these digests, as the PKI's ledger writes them. */
  async namesOf(csrSha256: ReadonlySet<string>): Promise<readonly string[]> {
    return (await this.requests()).flatMap(({ metadata, spec }) => {
      const { der } = parseCsr(Buffer.from(spec.request, "base64"));
      return csrSha256.has(createHash("sha256").update(der).digest("hex")) ? [metadata.name] : [];
    });
  }

  /** Names of requests that an event of the reason tells of. */
  async eventsWith(reason: string): Promise<readonly string[]> {
    const all = await this.target.kube.list<KubeEvent>(events, this.namespace);
    return all.filter((event) => event.reason === reason).map(({ regarding }) => regarding.name);
  }
}

/** Begins a case: a namespace of that name, a definition of the group `<name>.example.com`, its CRDs, a PKI and a relay. */
export async function beginScene(
  target: FaultsTarget,
  context: Pick<TestContext, "onTestFinished">,
  name: string,
  { signer, pki: pkiOptions }: SceneOptions = {},
): Promise<FaultScene> {
  const definition = fakePkiIssuer({ ...signer, group: `${name}.example.com` });
  const [pki, relay] = [await startFakePki(pkiOptions), await startApiRelay(target.upstream)];
  context.onTestFinished(async () => {
    await relay[Symbol.asyncDispose]();
    await pki.stop();
  });
  await target.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const crd of issuerCrds(definition)) await target.kube.apply(crds, crd as never);
  await eventually(
    { timeout: 15_000, interval: 50 },
    `the CRDs of ${definition.group} served`,
    () => target.kube.list(issuerType(definition, kind), name),
    () => true,
  );
  const scene = new FaultScene(target, context, { namespace: name, definition, pki, relay });
  await scene.storeToken(pkiOptions?.token ?? "fake-pki-token");
  return scene;
}

/** Calls for each item, some at once. */
export async function eachOf<T>(items: readonly T[], call: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await call(item);
  };
  await Promise.all(Array.from({ length: parallelCalls }, worker));
}

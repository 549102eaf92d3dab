import {
  buildCsr,
  type CertificateRequest,
  type CertificateSigningRequest,
  type Condition,
  type IssuerObject,
  newPrivateKey,
} from "@countersign/issuer-core";
import {
  type CertificateForOptions,
  certificateFor,
  type IssuedSecret,
  waitForReady,
} from "@countersign/issuer-testing";
import { findCondition, isTrue, trueCondition } from "./conditions.ts";
import { eventually } from "./eventually.ts";
import type { IssuedPem } from "./fixtures/openssl-verdict.ts";
import type { TestCa } from "./fixtures/test-ca.ts";
import { type Identity, issuerNamespace } from "./identities.ts";
import {
  certificateRequests,
  certificates,
  configMaps,
  issuerType,
  namespaces,
  secrets,
  serviceAccounts,
  signingRequests,
} from "./resources.ts";
import type { E2eTarget } from "./target.ts";

export type Scope = "Namespaced" | "Cluster";
export const scopes: readonly Scope[] = ["Namespaced", "Cluster"];

/** A reference to an issuer object, as requests carry it. */
export interface IssuerReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** What a {@link Scene.request} asks for. */
export interface RequestOptions {
  readonly name: string;
  readonly issuerRef: object;
  /** A PEM text, or what claims to be one; one for a new key and `<name>.example.com` unless given. */
  readonly csr?: string | Uint8Array | undefined;
  readonly spec?: object | undefined;
}

/** One test's corner of a cluster: a namespace of its own, named for the test, and what people do in it. */
export class Scene {
  readonly target: E2eTarget;
  readonly namespace: string;

  /** In a namespace that exists; else use {@link beginScene}. */
  constructor(target: E2eTarget, namespace: string) {
    this.target = target;
    this.namespace = namespace;
  }

  /** Creates or replaces the Secret of a CA issuer. */
  async storeCa(scope: Scope, name: string, ca: Pick<TestCa, "certificate" | "key">): Promise<void> {
    await this.storeSecret(scope, name, { "tls.crt": ca.certificate, "tls.key": ca.key });
  }

  /** Creates or replaces a ConfigMap where issuers of that scope look for it. */
  async storeConfigMap(scope: Scope, name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name, namespace: this.#namespaceFor(scope) };
    await this.target.kube.apply(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
  }

  async deleteConfigMap(scope: Scope, name: string): Promise<void> {
    await this.target.kube.delete(configMaps, { name, namespace: this.#namespaceFor(scope) });
  }

  /** Creates a ServiceAccount where issuers of that scope look for it; resolves to the user that it is. */
  async serviceAccount(scope: Scope, name: string): Promise<string> {
    const namespace = this.#namespaceFor(scope);
    const metadata = { name, namespace };
    await this.target.kube.apply(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    return `system:serviceaccount:${namespace}:${name}`;
  }

  /** Creates or replaces a Secret where issuers of that scope look for it. */
  async storeSecret(scope: Scope, name: string, values: Readonly<Record<string, string>>): Promise<void> {
    const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    await this.target.kube.apply(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: this.#namespaceFor(scope) },
      data: Object.fromEntries(data),
    });
  }

  /** Creates an issuer object named for the scene; resolves to the reference to it. */
  async createIssuer({ definition }: Identity, scope: Scope, spec: object): Promise<IssuerReference> {
    const { group, version } = definition;
    const kind = definition.kinds.find((each) => each.scope === scope)?.kind ?? "";
    const name = this.namespace;
    const metadata = scope === "Namespaced" ? { name, namespace: this.namespace } : { name };
    await this.target.kube.create(issuerType(definition, kind), {
      apiVersion: `${group}/${version}`,
      kind,
      metadata,
      spec,
    });
    return { group, kind, name };
  }

  /** Creates a ready software-ca issuer with its Secret, both named for the scene. */
  async caIssuer(identity: Identity, scope: Scope, ca: TestCa): Promise<IssuerReference> {
    await this.storeCa(scope, this.namespace, ca);
    const issuerRef = await this.createIssuer(identity, scope, { secretName: this.namespace });
    await this.issuerCondition(identity, issuerRef, "True");
    return issuerRef;
  }

  async deleteSecret(scope: Scope, name: string): Promise<void> {
    await this.target.kube.delete(secrets, { name, namespace: this.#namespaceFor(scope) });
  }

  /** Changes fields of the issuer's spec. */
  async changeIssuer({ definition }: Identity, issuerRef: IssuerReference, spec: object): Promise<void> {
    const { group, kind, name } = issuerRef;
    const type = issuerType(definition, kind);
    const apiVersion = `${group}/${definition.version}`;
    const metadata = type.namespaced ? { name, namespace: this.namespace } : { name };
    await this.target.kube.apply(type, { apiVersion, kind, metadata, spec });
  }

  async deleteIssuer({ definition }: Identity, { kind, name }: IssuerReference): Promise<void> {
    const type = issuerType(definition, kind);
    await this.target.kube.delete(type, { name, ...(type.namespaced && { namespace: this.namespace }) });
  }

  /** Resolves to the issuer's Ready condition when it has that status for the spec that the issuer has now. */
  issuerCondition(
    { definition }: Identity,
    { kind, name }: IssuerReference,
    status: Condition["status"],
    timeout = this.target.patience.timeout,
  ): Promise<Condition | undefined> {
    const type = issuerType(definition, kind);
    const path = { name, ...(type.namespaced && { namespace: this.namespace }) };
    return eventually(
      { ...this.target.patience, timeout },
      `${kind} ${name} with Ready=${status}`,
      async () => {
        const issuer = await this.target.kube.get<IssuerObject>(type, path);
        const ready = findCondition(issuer, "Ready");
        return ready?.observedGeneration === issuer?.metadata.generation ? ready : undefined;
      },
      (ready) => ready?.status === status,
    );
  }

  /** Creates a cert-manager Certificate and waits until it is Ready. */
  async certificate(options: CertificateForOptions): Promise<IssuedSecret> {
    const { namespace } = this;
    await this.target.kube.create(certificates, certificateFor({ namespace, ...options }) as never);
    return waitForReady(
      this.target.connection,
      { namespace, name: options.name },
      { timeoutMs: this.target.patience.timeout },
    );
  }

  /** Creates a CertificateRequest, as somebody without cert-manager's Certificates would. */
  async createRequest({ name, issuerRef, csr, spec }: RequestOptions): Promise<CertificateRequest> {
    const pem = csr ?? (await newCsr(`${name}.example.com`));
    return this.target.kube.create<CertificateRequest>(certificateRequests, {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name, namespace: this.namespace },
      spec: { issuerRef, request: Buffer.from(pem).toString("base64"), ...spec },
    });
  }

  /** Has Kubernetes' own kind of request signed, after its approval; resolves to the chain. */
  async signingRequest(name: string, signerName: string, usages: readonly string[]): Promise<string> {
    const { kube, patience } = this.target;
    const request = Buffer.from(await newCsr(`${name}.example.com`)).toString("base64");
    const created = await kube.create<CertificateSigningRequest>(signingRequests, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: { signerName, request, usages },
    });
    const conditions = [trueCondition("Approved", "e2e", "the test approves")];
    await kube.replace(signingRequests, { ...created, status: { conditions } }, "approval");
    const signed = await eventually(
      patience,
      `CertificateSigningRequest ${name} with a certificate`,
      () => kube.get<CertificateSigningRequest>(signingRequests, { name }),
      (seen) => (seen?.status?.certificate ?? "") !== "",
    );
    return Buffer.from(signed?.status?.certificate ?? "", "base64").toString();
  }

  request(name: string): Promise<CertificateRequest | undefined> {
    return this.target.kube.get(certificateRequests, { namespace: this.namespace, name });
  }

  async approve(name: string): Promise<void> {
    await this.#decide(name, trueCondition("Approved", "e2e", "the test approves"));
  }

  async deny(name: string): Promise<void> {
    await this.#decide(name, trueCondition("Denied", "e2e", "the test denies"));
  }

  /** Wakes whoever watches the request. */
  touch(name: string): Promise<void> {
    const target = { namespace: this.namespace, name };
    return this.target.kube.annotate(
      certificateRequests,
      target,
      "example.com/touched",
      `${performance.now()}`,
    );
  }

  /** Resolves to the request when its Ready condition has that reason. */
  async untilReason(name: string, reason: string, timeout?: number): Promise<CertificateRequest> {
    return this.#until(name, `Ready with reason ${reason}`, timeout, (request) => {
      return findCondition(request, "Ready")?.reason === reason;
    });
  }

  async untilApproved(name: string): Promise<void> {
    await this.#until(name, "Approved", undefined, ({ status }) => isTrue(status?.conditions, "Approved"));
  }

  /** Resolves when the request is issued, to what its status holds. */
  async issued(name: string, timeout?: number): Promise<IssuedPem> {
    const { status } = await this.untilReason(name, "Issued", timeout);
    const text = (value = "") => Buffer.from(value, "base64").toString();
    return { chain: text(status?.certificate), ca: text(status?.ca) };
  }

  #namespaceFor(scope: Scope): string {
    return scope === "Namespaced" ? this.namespace : issuerNamespace;
  }

  async #until(
    name: string,
    what: string,
    timeout = this.target.patience.timeout,
    accept: (request: CertificateRequest) => boolean,
  ): Promise<CertificateRequest> {
    const seen = await eventually(
      { ...this.target.patience, timeout },
      `${this.namespace}/${name} ${what}`,
      () => this.request(name),
      (request) => request !== undefined && accept(request),
    );
    if (seen === undefined) throw new TypeError("`eventually` answers only what was accepted");
    return seen;
  }

  async #decide(name: string, condition: Condition): Promise<void> {
    const target = { namespace: this.namespace, name };
    await this.target.kube.applyStatus(certificateRequests, target, { conditions: [condition] });
  }
}

/** Begins a test's scene: creates the namespace, whose name becomes that of issuers and Secrets too. */
export async function beginScene(target: E2eTarget, name: string): Promise<Scene> {
  await target.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return new Scene(target, name);
}

/** A CSR for a new P-256 key. */
export function newCsr(dnsName: string): Promise<string> {
  return buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: [dnsName] });
}

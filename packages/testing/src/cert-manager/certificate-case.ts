import type { CertificateRequest, KubeConnection, Secret } from "@countersign/issuer-core";
import { applyStatus, KubeTransport, startInformer } from "@countersign/issuer-core/kube";
import type { TestContext } from "vitest";
import type { Certificate } from "./certificate.ts";
import { type CertificateForOptions, certificateFor } from "./certificate-for.ts";
import { findCondition, kubeTime, withCondition } from "./condition.ts";
import { issuerRef, TestIssuer, TestPki } from "./issuer-fixture.ts";
import { certificateRequestType, certificateType, KubeObjects, secretType } from "./kube-objects.ts";
import { type WaitForReadyOptions, waitForReady } from "./wait-for-ready.ts";

const namespace = "default";
/** How tests wait for a state: for `expect.poll`. */
export const poll = { timeout: 15_000, interval: 50 };

/** Everything a case works with, for one certificate whose name is also its issuer's. */
export class CertificateCase {
  readonly pki = new TestPki();
  readonly issuer: TestIssuer;
  readonly kube: KubeObjects;
  readonly name: string;
  /** The test's own: the global one cannot tell which of several tests that run at once a poll belongs to. */
  readonly expect: TestContext["expect"];
  readonly #connection: KubeConnection;
  readonly #transport: KubeTransport;
  /** Every state of the Certificate that the watch has told of. */
  readonly #history: Certificate[] = [];

  constructor(
    connection: KubeConnection,
    context: Pick<TestContext, "onTestFinished" | "expect">,
    name: string,
  ) {
    this.#connection = connection;
    this.name = name;
    this.expect = context.expect;
    this.issuer = new TestIssuer(connection);
    this.#transport = new KubeTransport({ connection, userAgent: "certificate-cases" });
    this.kube = new KubeObjects(this.#transport, "certificate-cases");
    const informer = startInformer<Certificate>({
      transport: this.#transport,
      type: certificateType,
      fieldSelector: `metadata.name=${name}`,
      matches: ({ metadata }) => metadata.name === name,
    });
    informer.store.onChange(({ object }) => this.#history.push(object));
    context.onTestFinished(async () => {
      await informer.stop();
      await this.issuer[Symbol.asyncDispose]();
      this.#transport.close();
    });
  }

  async create(options: Partial<CertificateForOptions> = {}): Promise<void> {
    const { name } = this;
    const privateKey = { algorithm: "ECDSA" } as const;
    const object = certificateFor({ namespace, name, issuerRef: issuerRef(name), privateKey, ...options });
    this.expect(await this.kube.create(certificateType, object)).toBeDefined();
  }

  /** Changes fields of the Certificate's spec. */
  change(spec: object): Promise<Certificate> {
    const metadata = { namespace, name: this.name };
    const fields = { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata, spec };
    return this.kube.apply(certificateType, fields);
  }

  /** Sets `Issuing`, as `cmctl renew` does; again where cert-manager has written in between. */
  async trigger(): Promise<void> {
    const wanted = { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "" } as const;
    const attempt = async () => {
      const { status, ...certificate } = await this.certificate();
      const conditions = withCondition(status?.conditions, wanted, Date.now());
      return this.kube.replaceStatus(certificateType, { ...certificate, status: { ...status, conditions } });
    };
    await this.expect.poll(attempt, poll).toBeDefined();
  }

  ready(options: WaitForReadyOptions = {}) {
    return waitForReady(this.#connection, { namespace, name: this.name }, { timeoutMs: 15_000, ...options });
  }

  async certificate(): Promise<Certificate> {
    const found = await this.kube.get<Certificate>(certificateType, { namespace, name: this.name });
    if (found === undefined) throw new Error("the Certificate is gone");
    return found;
  }

  request(revision: number): Promise<CertificateRequest | undefined> {
    return this.kube.get(certificateRequestType, { namespace, name: `${this.name}-${revision}` });
  }

  applyStatus(object: CertificateRequest, status: object, fieldManager: string) {
    const signal = AbortSignal.timeout(5_000);
    return applyStatus(this.#transport, {
      type: certificateRequestType,
      object,
      status,
      fieldManager,
      signal,
    });
  }

  /** Decides as an approver about the request, as soon as it exists. */
  async decide(revision: number, type: "Approved" | "Denied", reason: string, message: string) {
    await this.expect.poll(() => this.request(revision), poll).toBeDefined();
    const request = await this.request(revision);
    if (request === undefined) throw new Error("the CertificateRequest is gone");
    await this.#decideOn(request, type, reason, message);
    return request;
  }

  /** Approves this very request; one that is gone by now is none of the approver's business. */
  async approve(request: CertificateRequest): Promise<void> {
    await this.#decideOn(request, "Approved", "Policy", "now");
  }

  async #decideOn(request: CertificateRequest, type: "Approved" | "Denied", reason: string, message: string) {
    const condition = { type, status: "True", reason, message, lastTransitionTime: kubeTime(Date.now()) };
    await this.applyStatus(request, { conditions: [condition] }, "test-approver");
  }

  secret(): Promise<Secret | undefined> {
    return this.kube.get(secretType, { namespace, name: `${this.name}-tls` });
  }

  /** Resolves to the Certificate as it was when its issuance had failed that often, before it went on. */
  async failures(attempts: number): Promise<Certificate> {
    const found = () =>
      this.#history.find(
        ({ status }) =>
          status?.failedIssuanceAttempts === attempts &&
          findCondition(status.conditions, "Issuing")?.status === "False",
      );
    await this.expect.poll(found, poll).toBeDefined();
    return found() ?? (await this.certificate());
  }
}

/** Begins a case: `name` becomes the name of the certificate and of its issuer. */
export type Begin = (context: TestContext, name: string) => CertificateCase;

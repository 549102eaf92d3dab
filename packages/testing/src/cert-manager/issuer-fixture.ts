import type { CertificateRequest, KubeConnection } from "@countersign/issuer-core";
import {
  applyStatus,
  KubeTransport,
  objectKey,
  startInformer,
  systemScheduler,
  WorkQueue,
} from "@countersign/issuer-core/kube";
import {
  buildCertificate,
  buildCsr,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { isTrue, kubeTime } from "./condition.ts";
import { certificateRequestType } from "./kube-objects.ts";

const group = "test.example.com";

/** The CRDs without which the real cert-manager's webhook lets nobody approve or deny. */
export const testIssuerCrds = ["TestIssuer", "ManualIssuer"].map((kind) => {
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  };
});

/** A reference to a test issuer; nobody approves the requests to a `ManualIssuer` but the test. */
export const issuerRef = (name: string, kind = "TestIssuer") => ({ group, kind, name });

/** Approves what names a `TestIssuer`. */
export const approveTestIssuers = ({ spec }: CertificateRequest) =>
  spec.issuerRef.kind === "TestIssuer" ? "approve" : "ignore";

/** What a test issuer writes to the status of the nth request (0 from the first) that names it. */
export type Answer = (request: CertificateRequest, nth: number) => object | Promise<object>;

/** A `Ready` condition as it is applied. */
export function ready(reason: string, message = ""): object {
  const status = reason === "Issued" ? "True" : "False";
  return { type: "Ready", status, reason, message, lastTransitionTime: kubeTime(Date.now()) };
}

/** The status of a failed request, as it should be written. */
export function failed(message: string): object {
  return { conditions: [ready("Failed", message)], failureTime: kubeTime(Date.now()) };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** How {@link TestPki.issue} deviates from an ordinary certificate. */
export interface IssueOptions {
  /** Lifetime; ninety days unless given. */
  readonly seconds?: number;
  readonly notBefore?: Date;
  /** Signs for another key than the request's. */
  readonly otherKey?: boolean;
}

/** A CA in memory. */
export class TestPki {
  readonly #ca = newSelfSignedCa({
    commonName: "test CA",
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 365 * 86_400_000),
  });
  #serial = 1;

  get caPem(): string {
    return this.#ca.certificate.pem;
  }

  /** The status of an issued request. */
  async issue({ spec }: CertificateRequest, options: IssueOptions = {}): Promise<object> {
    const { seconds = 90 * 86_400, notBefore = new Date(), otherKey = false } = options;
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = otherKey ? await buildCsr({ key, commonName: "other" }) : Buffer.from(spec.request, "base64");
    const certificate = await buildCertificate({
      csr: parseCsr(csr),
      caCertificate: this.#ca.certificate,
      signer: softwareCaSigner(this.#ca.key),
      serial: Uint8Array.of(1, this.#serial++),
      notBefore,
      notAfter: new Date(notBefore.getTime() + seconds * 1000),
      isCA: spec.isCA ?? false,
      usages: spec.usages ?? [],
    });
    return {
      conditions: [ready("Issued", "signed")],
      certificate: base64(certificate.pem),
      ca: base64(this.caPem),
    };
  }
}

/** An issuer that answers approved requests as a test tells it, each once, by the name in `issuerRef`. */
export class TestIssuer implements AsyncDisposable {
  readonly #transport: KubeTransport;
  readonly #informer;
  readonly #queue: WorkQueue;
  readonly #answers = new Map<string, Answer>();
  readonly #answered = new Map<string, Set<string>>();

  constructor(connection: KubeConnection) {
    this.#transport = new KubeTransport({ connection, userAgent: "test-issuer" });
    this.#informer = startInformer<CertificateRequest>({
      transport: this.#transport,
      type: certificateRequestType,
      fieldSelector: `spec.issuerRef.group=${group}`,
    });
    this.#queue = new WorkQueue({
      concurrency: 4,
      process: (key, signal) => this.#process(key, signal),
      backoff: { initialMs: 20, maxMs: 200 },
    });
    this.#informer.store.onChange(({ object }) => this.#queue.add(objectKey(object)));
  }

  /** Sets what the issuer of that name answers from now on; without an answer it stays silent. */
  on(name: string, answer: Answer): void {
    this.#answers.set(name, answer);
    for (const object of this.#informer.store.list()) this.#queue.add(objectKey(object));
  }

  /** How many requests the issuer of that name has answered. */
  answered(name: string): number {
    return this.#answered.get(name)?.size ?? 0;
  }

  async #process(key: string, signal: AbortSignal): Promise<void> {
    const request = this.#informer.store.get(key);
    if (request === undefined || !isTrue(request.status?.conditions, "Approved")) return;
    const { name } = request.spec.issuerRef;
    const answered = this.#answered.get(name) ?? new Set();
    const answer = this.#answers.get(name);
    if (answer === undefined || answered.has(request.metadata.uid)) return;
    const status = await answer(request, answered.size);
    this.#answered.set(name, answered.add(request.metadata.uid));
    await applyStatus(this.#transport, {
      type: certificateRequestType,
      object: request,
      status,
      fieldManager: "test-issuer",
      signal,
      scheduler: systemScheduler,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#informer.stop();
    await this.#queue.stop({ drainMs: 1_000 });
    this.#transport.close();
  }
}

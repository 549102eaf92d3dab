import type { CertificateSigningRequest } from "@countersign/issuer-core";
import { trueCondition } from "./conditions.ts";
import { eventually } from "./eventually.ts";
import type { Identity } from "./identities.ts";
import { signingRequests } from "./resources.ts";
import { newCsr, type Scope } from "./scene.ts";
import type { E2eTarget } from "./target.ts";

/** What a {@link SigningRequests.create} asks for. */
export interface SigningRequestOptions {
  readonly name: string;
  readonly signerName: string;
  /** PEM; one for a new key and `<name>.example.com` unless given. */
  readonly csr?: string | undefined;
  /** For a server unless given. */
  readonly usages?: readonly string[] | undefined;
  readonly expirationSeconds?: number | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** The signer of an issuer object as requests name it, by cert-manager's spelling. */
export function signerName(
  { definition }: Identity,
  scope: Scope,
  namespace: string,
  name = namespace,
): string {
  const kind = definition.kinds.find((each) => each.scope === scope);
  return `${kind?.plural}.${definition.group}/${scope === "Namespaced" ? `${namespace}.` : ""}${name}`;
}

/** What people do with Kubernetes' own kind of request; names are the cluster's, so each test has its own. */
export class SigningRequests {
  readonly #target: E2eTarget;
  readonly #requester: E2eTarget["kube"];

  /** @param requester who creates the requests; the administrator unless given */
  constructor(target: E2eTarget, requester = target.kube) {
    this.#target = target;
    this.#requester = requester;
  }

  async create(options: SigningRequestOptions): Promise<CertificateSigningRequest> {
    const { name, signerName, expirationSeconds, annotations } = options;
    const csr = options.csr ?? (await newCsr(`${name}.example.com`));
    return this.#requester.create<CertificateSigningRequest>(signingRequests, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name, ...(annotations && { annotations }) },
      spec: {
        signerName,
        request: Buffer.from(csr).toString("base64"),
        usages: options.usages ?? ["digital signature", "key encipherment", "server auth"],
        ...(expirationSeconds !== undefined && { expirationSeconds }),
      },
    });
  }

  async get(name: string): Promise<CertificateSigningRequest> {
    const found = await this.#target.kube.get<CertificateSigningRequest>(signingRequests, { name });
    if (found === undefined) throw new Error(`there is no CertificateSigningRequest ${name}`);
    return found;
  }

  approve(name: string): Promise<void> {
    return this.#decide(name, "Approved");
  }

  deny(name: string): Promise<void> {
    return this.#decide(name, "Denied");
  }

  /** Wakes whoever watches the request. */
  touch(name: string): Promise<void> {
    return this.#target.kube.annotate(
      signingRequests,
      { name },
      "example.com/touched",
      `${performance.now()}`,
    );
  }

  /** Creates and approves. */
  async approved(options: SigningRequestOptions): Promise<void> {
    await this.create(options);
    await this.approve(options.name);
  }

  /** Resolves to the certificate and what links it to its CA, as PEM, when it is there. */
  async issued(name: string, timeout = this.#target.patience.timeout): Promise<string> {
    const { status } = await eventually(
      { ...this.#target.patience, timeout },
      `CertificateSigningRequest ${name} with a certificate`,
      () => this.get(name),
      (seen) => (seen.status?.certificate ?? "") !== "",
    );
    return Buffer.from(status?.certificate ?? "", "base64").toString();
  }

  /** Resolves to the message of the condition Failed when it is there. */
  async failed(name: string): Promise<string> {
    const find = ({ status }: CertificateSigningRequest) =>
      status?.conditions?.find(({ type }) => type === "Failed");
    const seen = await eventually(
      this.#target.patience,
      `CertificateSigningRequest ${name} with the condition Failed`,
      () => this.get(name),
      (request) => find(request) !== undefined,
    );
    return find(seen)?.message ?? "";
  }

  async #decide(name: string, type: "Approved" | "Denied"): Promise<void> {
    const request = await this.get(name);
    const conditions = [
      ...(request.status?.conditions ?? []),
      trueCondition(type, "e2e", "the test decides"),
    ];
    await this.#target.kube.replace(signingRequests, { ...request, status: { conditions } }, "approval");
  }
}

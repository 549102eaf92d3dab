import type { KubeObject, ServiceAccountRef } from "@countersign/issuer-core";
import { AdminKube } from "./admin-kube.ts";
import { eventually } from "./eventually.ts";
import { manifestTypes, serviceAccounts, subjectAccessReviews } from "./resources.ts";
import type { E2eTarget } from "./target.ts";

const rbac = "rbac.authorization.k8s.io";

function rbacType(kind: string) {
  const type = manifestTypes.find((each) => each.kind === kind);
  if (type === undefined) throw new Error(`no resource is known for the kind ${kind}`);
  return type;
}

interface Review extends KubeObject {
  readonly status: { readonly allowed: boolean };
}

/** Somebody who may create CertificateSigningRequests and nothing else. */
export class Requester implements Disposable {
  readonly user: string;
  readonly kube: AdminKube;
  readonly #target: E2eTarget;
  readonly #account: ServiceAccountRef;

  private constructor(target: E2eTarget, account: ServiceAccountRef, kube: AdminKube) {
    this.#target = target;
    this.#account = account;
    this.kube = kube;
    this.user = `system:serviceaccount:${account.namespace}:${account.name}`;
  }

  static async create(target: E2eTarget, account: ServiceAccountRef): Promise<Requester> {
    const { namespace, name } = account;
    const metadata = { namespace, name };
    await target.kube.apply(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    const requester = new Requester(target, account, new AdminKube(await target.issuerConnection(account)));
    await requester.#grant("ClusterRole", `${namespace}-${name}`, {
      apiGroups: ["certificates.k8s.io"],
      resources: ["certificatesigningrequests"],
      verbs: ["create"],
    });
    const create = { group: "certificates.k8s.io", resource: "certificatesigningrequests", verb: "create" };
    await requester.#untilAllowed(create);
    return requester;
  }

  /** Lets the requester reference the issuers of these names in its namespace; `*` stands for all of them. */
  async mayReference(group: string, ...resourceNames: readonly string[]): Promise<void> {
    const { namespace } = this.#account;
    const rule = { apiGroups: [group], resources: ["signers"], verbs: ["reference"], resourceNames };
    await this.#grant("Role", `${this.#account.name}-reference`, rule);
    for (const name of resourceNames)
      await this.#untilAllowed({ group, resource: "signers", verb: "reference", namespace, name });
  }

  [Symbol.dispose](): void {
    this.kube[Symbol.dispose]();
  }

  async #grant(kind: "ClusterRole" | "Role", name: string, rule: object): Promise<void> {
    const { kube } = this.#target;
    const metadata = kind === "Role" ? { name, namespace: this.#account.namespace } : { name };
    const apiVersion = `${rbac}/v1`;
    await kube.apply(rbacType(kind), { apiVersion, kind, metadata, rules: [rule] });
    await kube.apply(rbacType(`${kind}Binding`), {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: rbac, kind, name },
      subjects: [{ kind: "ServiceAccount", ...this.#account }],
    });
  }

  /** The API server's authorizer learns of a binding a moment after it is stored. */
  async #untilAllowed(resourceAttributes: object): Promise<void> {
    const review = () =>
      this.#target.kube.create<Review>(subjectAccessReviews, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        metadata: { name: "" },
        spec: { user: this.user, resourceAttributes },
      });
    await eventually(
      this.#target.patience,
      `${this.user} allowed ${JSON.stringify(resourceAttributes)}`,
      review,
      ({ status }) => status.allowed,
    );
  }
}

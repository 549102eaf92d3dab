import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, KubeObject } from "./answer.ts";
import { Client, type Exchange } from "./client.ts";
import type { ContractServer } from "./contract-server.ts";
import { contractGroup } from "./crds.ts";
import { clusterPath, namespacedPath } from "./paths.ts";
import type { WatchStream } from "./watch-stream.ts";

/** A ServiceAccount of the case's namespace and a client that speaks as it. */
export interface Account {
  readonly name: string;
  readonly userName: string;
  readonly token: string;
  readonly client: Client;
}

/** One rule of an RBAC Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What one case works with: a fresh namespace, and clients that record every exchange. */
export class ContractContext {
  /** The cluster administrator. */
  readonly admin: Client;
  readonly namespace: string;
  readonly suffix: string;
  readonly exchanges: Exchange[] = [];
  readonly #watches: WatchStream[] = [];

  constructor(server: ContractServer, suffix: string) {
    this.suffix = suffix;
    this.namespace = this.unique("contract");
    this.admin = new Client({
      url: server.url,
      ...(server.caPem === undefined ? {} : { caPem: server.caPem }),
      token: server.adminToken,
      record: (exchange) => this.exchanges.push(exchange),
      onWatch: (stream) => this.#watches.push(stream),
    });
  }

  /** A name that no other case uses, for objects outside the namespace. */
  unique(prefix: string): string {
    return `${prefix}-${this.suffix}`;
  }

  core(plural: string, name?: string, subresource?: string): string {
    return namespacedPath("v1", this.namespace, plural, name, subresource);
  }

  configMaps(name?: string): string {
    return this.core("configmaps", name);
  }

  secrets(name?: string): string {
    return this.core("secrets", name);
  }

  leases(name?: string): string {
    return namespacedPath("coordination.k8s.io/v1", this.namespace, "leases", name);
  }

  rbac(plural: "roles" | "rolebindings", name?: string): string {
    return namespacedPath("rbac.authorization.k8s.io/v1", this.namespace, plural, name);
  }

  widgets(name?: string, subresource?: string): string {
    return namespacedPath(`${contractGroup}/v1`, this.namespace, "widgets", name, subresource);
  }

  requests(name?: string, subresource?: string): string {
    return namespacedPath(`${contractGroup}/v1`, this.namespace, "requests", name, subresource);
  }

  signingRequests(name?: string, subresource?: string): string {
    return clusterPath("certificates.k8s.io/v1", "certificatesigningrequests", name, subresource);
  }

  /** A body for `widgets()`. */
  widget(
    name: string,
    spec: unknown,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> {
    return { apiVersion: `${contractGroup}/v1`, kind: "Widget", metadata: { name }, spec, ...more };
  }

  /** A body for `requests()`: a certificate request that names the issuer. */
  request(name: string, issuerName = "issuer"): Readonly<Record<string, unknown>> {
    const spec = { request: "Q1NS", issuerRef: { name: issuerName, kind: "Acme", group: "pki.example.com" } };
    return { apiVersion: `${contractGroup}/v1`, kind: "Request", metadata: { name }, spec };
  }

  /** Creates an object as the administrator and returns it as stored. */
  async created(path: string, body: unknown): Promise<KubeObject> {
    return (await this.admin.create(path, body)).object;
  }

  /** Creates a ServiceAccount and requests a token for it. */
  async account(name: string): Promise<Account> {
    const { admin } = this;
    await this.created(this.core("serviceaccounts"), { metadata: { name } });
    const path = this.core("serviceaccounts", name, "token");
    const { status } = (await admin.create(path, { spec: { audiences: [] } })).object;
    const { token } = status as { token: string };
    const userName = `system:serviceaccount:${this.namespace}:${name}`;
    return { name, userName, token, client: admin.with({ token }) };
  }

  /** Grants the rules to the account within the namespace and waits until the authorizer knows. */
  async grant(account: Account, rules: readonly Rule[]): Promise<void> {
    const { name, client } = account;
    await this.created(this.rbac("roles"), { metadata: { name }, rules });
    await this.created(this.rbac("rolebindings"), {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: this.namespace }],
    });
    const [rule] = rules;
    if (rule === undefined) return;
    const resourceAttributes = {
      namespace: this.namespace,
      verb: rule.verbs[0],
      group: rule.apiGroups[0],
      resource: rule.resources[0]?.split("/")[0],
      subresource: rule.resources[0]?.split("/")[1],
      name: rule.resourceNames?.[0],
    };
    const review = { spec: { resourceAttributes } };
    await this.eventually(
      () => client.unrecorded.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review),
      (answer) => (answer.object.status as { allowed: boolean }).allowed,
    );
  }

  /** Repeats an unrecorded request until its answer is as wanted; throws the last answer after 10 s. */
  async eventually(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const answer = await ask();
      if (wanted(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`still HTTP ${answer.status}: ${answer.text}`);
      await sleep(20);
    }
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.admin.close();
  }
}

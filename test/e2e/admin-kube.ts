import type { KubeConnection, KubeObject, Manifest, ResourceType } from "@countersign/issuer-core";
import {
  isKubeApiError,
  KubeTransport,
  type ResourceTarget,
  resourcePath,
} from "@countersign/issuer-core/kube";

/** An object as it is sent. */
export interface Draft {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Manifest["metadata"];
  readonly [field: string]: unknown;
}

const fieldManager = "e2e";
const applyPatch = "application/apply-patch+yaml";
const mergePatch = "application/merge-patch+json";

/** What a person does with kubectl, in one call each; errors are core's KubeApiError and KubeNetworkError. */
export class AdminKube implements Disposable {
  readonly #transport: KubeTransport;

  constructor(connection: KubeConnection) {
    this.#transport = new KubeTransport({ connection, userAgent: "e2e" });
  }

  /** The object, or undefined where there is none. */
  async get<T extends KubeObject>(type: ResourceType, target: ResourceTarget): Promise<T | undefined> {
    try {
      return await this.#transport.request<T>({ path: resourcePath(type, target) });
    } catch (error) {
      if (isKubeApiError(error, 404)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType, namespace?: string): Promise<readonly T[]> {
    const path = resourcePath(type, { namespace });
    return (await this.#transport.request<{ readonly items: readonly T[] }>({ path })).items;
  }

  create<T extends KubeObject>(type: ResourceType, object: Draft): Promise<T> {
    const path = resourcePath(type, { namespace: object.metadata.namespace });
    return this.#transport.request<T>({ method: "POST", path, query: { fieldManager }, body: object });
  }

  /** Creates or replaces the object. */
  apply<T extends KubeObject>(type: ResourceType, object: Draft): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.#patch<T>(resourcePath(type, { namespace, name }), object);
  }

  /** Writes fields of the status. */
  applyStatus(type: ResourceType, { namespace, name }: ResourceTarget, status: object): Promise<KubeObject> {
    const { group, version, kind } = type;
    const object = { apiVersion: `${group}/${version}`, kind, metadata: { namespace, name }, status };
    return this.#patch(resourcePath(type, { namespace, name, subresource: "status" }), object);
  }

  /** Writes the whole object, or what a subresource of it may change. */
  async replace<T extends KubeObject>(type: ResourceType, object: T, subresource?: string): Promise<void> {
    const { namespace, name } = object.metadata;
    const path = resourcePath(type, { namespace, name, subresource });
    await this.#transport.request({ method: "PUT", path, body: object });
  }

  /** Sets an annotation, which changes nothing that an issuer looks at but wakes whoever watches. */
  async annotate(type: ResourceType, target: ResourceTarget, key: string, value: string): Promise<void> {
    await this.#transport.request({
      method: "PATCH",
      path: resourcePath(type, target),
      contentType: mergePatch,
      body: { metadata: { annotations: { [key]: value } } },
    });
  }

  async label(type: ResourceType, target: ResourceTarget, key: string, value: string): Promise<void> {
    await this.#transport.request({
      method: "PATCH",
      path: resourcePath(type, target),
      contentType: mergePatch,
      body: { metadata: { labels: { [key]: value } } },
    });
  }

  async delete(type: ResourceType, target: ResourceTarget): Promise<void> {
    await this.#transport.request({ method: "DELETE", path: resourcePath(type, target) });
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }

  #patch<T>(path: string, body: object): Promise<T> {
    const query = { fieldManager, force: true };
    return this.#transport.request<T>({ method: "PATCH", path, query, contentType: applyPatch, body });
  }
}

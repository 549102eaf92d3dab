import type { KubeObject, ResourceType } from "@countersign/issuer-core";
import { isKubeApiError, type KubeTransport, resourcePath } from "@countersign/issuer-core/kube";

const inCertManager = { group: "cert-manager.io", version: "v1", namespaced: true } as const;

/** cert-manager.io/v1 Certificate. */
export const certificateType: ResourceType = Object.freeze({
  ...inCertManager,
  kind: "Certificate",
  plural: "certificates",
});

/** cert-manager.io/v1 CertificateRequest. */
export const certificateRequestType: ResourceType = Object.freeze({
  ...inCertManager,
  kind: "CertificateRequest",
  plural: "certificaterequests",
});

/** core/v1 Secret. */
export const secretType: ResourceType = Object.freeze({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
});

/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const crdType: ResourceType = Object.freeze({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});

/** Names one object of a resource. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** An object as it is sent: without what the server fills in. */
export interface DraftObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** The calls that the stand-in makes, one method each; errors are core's KubeApiError and KubeNetworkError. */
export class KubeObjects {
  readonly #transport: KubeTransport;
  readonly #fieldManager: string;

  constructor(transport: KubeTransport, fieldManager: string) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
  }

  /** The object, or undefined where there is none. */
  async get<T extends KubeObject>(type: ResourceType, target: ObjectName): Promise<T | undefined> {
    try {
      return await this.#transport.request<T>({ path: resourcePath(type, target) });
    } catch (error) {
      if (isKubeApiError(error, 404)) return undefined;
      throw error;
    }
  }

  /** Creates the object; answers undefined where one of that name exists. */
  async create<T extends KubeObject>(type: ResourceType, object: DraftObject): Promise<T | undefined> {
    const { namespace } = object.metadata;
    try {
      return await this.#transport.request<T>({
        method: "POST",
        path: resourcePath(type, { namespace }),
        query: { fieldManager: this.#fieldManager },
        body: object,
      });
    } catch (error) {
      if (isKubeApiError(error, 409) && error.reason === "AlreadyExists") return undefined;
      throw error;
    }
  }

  /** Replaces the status, unless the object has changed since it was read: then a 409 is thrown. */
  replaceStatus<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    return this.#transport.request<T>({
      method: "PUT",
      path: resourcePath(type, { ...nameOf(object), subresource: "status" }),
      query: { fieldManager: this.#fieldManager },
      body: object,
    });
  }

  /** Server-side applies the fields given, taking them over from whoever owns them. */
  apply<T extends KubeObject>(type: ResourceType, object: DraftObject, subresource?: "status"): Promise<T> {
    return this.#transport.request<T>({
      method: "PATCH",
      path: resourcePath(type, { ...nameOf(object), subresource }),
      query: { fieldManager: this.#fieldManager, force: true },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  }

  /** Deletes this very object: not a later one of the same name, and no matter if it is gone. */
  async delete(type: ResourceType, object: KubeObject): Promise<void> {
    try {
      await this.#transport.request({
        method: "DELETE",
        path: resourcePath(type, nameOf(object)),
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: object.metadata.uid } },
      });
    } catch (error) {
      if (!isKubeApiError(error, 404, 409)) throw error;
    }
  }
}

function nameOf({ metadata: { namespace, name } }: DraftObject): ObjectName {
  return { namespace, name };
}

import type { IncomingHttpHeaders } from "node:http";

/** Metadata that the API server returns with every stored object. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFields[];
}

/** One entry of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: unknown;
  readonly subresource?: string;
}

/** A stored object as it came over the wire. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A list as it came over the wire. */
export interface KubeList {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
}

/** An HTTP answer of the API server. */
export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The parsed body, or its text where it is not JSON. */
  get body(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      return this.text;
    }
  }

  /** The body of a success as an object; throws, with the body, where the answer is anything else. */
  get object(): KubeObject {
    return this.#success() as KubeObject;
  }

  /** The body of a success as a list; throws, with the body, where the answer is anything else. */
  get list(): KubeList {
    return this.#success() as KubeList;
  }

  /** What the differential run compares. */
  get recorded(): unknown {
    const { warning, "content-type": contentType } = this.headers;
    return {
      status: this.status,
      ...(contentType === undefined ? {} : { contentType }),
      ...(warning === undefined ? {} : { warning }),
      body: this.body,
    };
  }

  #success(): unknown {
    if (this.status < 200 || this.status > 299) throw new Error(`HTTP ${this.status}: ${this.text}`);
    return this.body;
  }
}

import type { NewEndEntity } from "./end-entities.ts";

/** A request that administrators decide on. */
export interface ApprovalRequest {
  readonly id: string;
  /** The end entity that it adds, with the CSR that finalize issues for; a CSR is left out where it only adds. */
  readonly enrolment: (NewEndEntity & { readonly csr?: string | undefined }) | undefined;
  state: "waiting" | "approved" | "rejected" | "finalised";
  /** Runs on approval. */
  readonly execute: () => void;
}

/** Requests that wait for administrators. The REST interface cannot make one; the RA web can, and here a test. */
export class Approvals {
  readonly #requests = new Map<string, ApprovalRequest>();
  #next = 660_681_615;

  /** Adds a request and answers its id, the given one if any. */
  add(
    execute: () => void,
    given: {
      readonly enrolment?: ApprovalRequest["enrolment"];
      readonly id?: string | undefined;
    } = {},
  ): string {
    const { enrolment, id = String(this.#next) } = given;
    this.#next += 7919;
    this.#requests.set(id, { id, enrolment, state: "waiting", execute });
    return id;
  }

  get(id: string): ApprovalRequest | undefined {
    return this.#requests.get(id);
  }

  /** Carries the request out. Throws a TypeError where none waits under the id. */
  approve(id: string): void {
    const request = this.#waiting(id);
    request.state = "approved";
    request.execute();
  }

  /** Throws a TypeError where none waits under the id. */
  reject(id: string): void {
    this.#waiting(id).state = "rejected";
  }

  #waiting(id: string): ApprovalRequest {
    const request = this.#requests.get(id);
    if (request?.state !== "waiting")
      throw new TypeError(`Expected the id of a request that waits, got ${id}`);
    return request;
  }
}

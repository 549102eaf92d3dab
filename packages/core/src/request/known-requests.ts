import { isOlder } from "../kube/is-older.ts";
import type { CertificateRequest } from "../kube/types.ts";
import type { Lifecycle, RequestStep } from "../lifecycle/lifecycle.ts";
import type { AttemptMemory } from "./attempt.ts";
import type { Conclusion } from "./conclude.ts";
import type { IssuerKey } from "./match-issuer.ts";
import { requestStep } from "./request-step.ts";
import { RetryWait } from "./retry-wait.ts";

/** What is known of one request beyond its object; gone when the object is finished or deleted. */
export interface KnownRequest extends AttemptMemory {
  readonly uid: string;
  step: RequestStep;
  readonly wait: RetryWait;
  /** A conclusion whose write is not confirmed: it is written again, and the PKI is never asked again for it. */
  unwritten: Conclusion | undefined;
  /** Another process may have gone on with the request since this one last wrote to it. */
  overtaken: boolean;
  /** The terminal write is confirmed, though the cache may not show it yet. */
  finished: boolean;
  /** The request after the last write of this process, while the cache may be behind it. */
  written: CertificateRequest | undefined;
}

const abandoned =
  "The request was deleted after the PKI had been called for it: there may be a certificate that nobody uses. Revoke it at the PKI where your policy asks for that.";

/** What this process knows of the open requests, by key. */
export class KnownRequests {
  readonly #group: string;
  readonly #lifecycle: Lifecycle;
  readonly #known = new Map<string, KnownRequest>();
  #looks = 0;

  constructor(group: string, lifecycle: Lifecycle) {
    this.#group = group;
    this.#lifecycle = lifecycle;
  }

  /** What is known of the request at this look, which is counted. */
  at(key: string, request: CertificateRequest, issuer: IssuerKey): KnownRequest {
    const { uid } = request.metadata;
    this.#looks += 1;
    const look = { group: this.#group, request, issuer, reconcile: this.#looks };
    const known = this.#known.get(key);
    // The same name with another uid is another request: nothing known of the old one holds for it.
    if (known?.uid === uid) {
      known.step = requestStep({ ...look, before: known.step });
      if (known.written !== undefined && !isOlder(request, known.written)) known.written = undefined;
      return known;
    }
    const fresh: KnownRequest = {
      uid,
      step: requestStep({ ...look, before: undefined }),
      wait: new RetryWait(),
      unwritten: undefined,
      overtaken: false,
      finished: false,
      written: undefined,
      lastCall: undefined,
      operation: undefined,
      reported: false,
    };
    this.#known.set(key, fresh);
    return fresh;
  }

  /** Ends a request's back-off. Returns after how many milliseconds to look at it; undefined when it does not back off. */
  hasten(key: string, now: number): number | undefined {
    return this.#known.get(key)?.wait.hasten(now);
  }

  /** Another process has led since this one last did: what is known may have been overtaken. */
  beginTerm(): void {
    for (const known of this.#known.values()) {
      known.overtaken = true;
      known.lastCall = undefined;
      known.reported = false;
    }
  }

  /** Forgets a request that needs nothing more. */
  settle(key: string): void {
    this.#known.delete(key);
  }

  /** Forgets a request that is gone, or going, and tells if the PKI may have issued for it in vain. */
  abandon(key: string): void {
    const known = this.#known.get(key);
    this.#known.delete(key);
    if (known?.lastCall === "unknown" && !known.finished)
      this.#lifecycle.announce("request:abandoned", { ...known.step, message: abandoned });
  }
}

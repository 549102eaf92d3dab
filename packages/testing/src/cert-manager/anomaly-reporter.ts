import type { CertificateRequest } from "@countersign/issuer-core";
import type { StoreChange } from "@countersign/issuer-core/kube";
import { requestAnomalies } from "./anomaly.ts";
import type { CertManagerEmitter } from "./events.ts";

/** Reports each contract violation of a request once, however often the request changes. */
export class AnomalyReporter {
  readonly #events: CertManagerEmitter;
  readonly #reported = new Map<string, Set<string>>();

  constructor(events: CertManagerEmitter) {
    this.#events = events;
  }

  observe({ type, object }: StoreChange<CertificateRequest>): void {
    const { uid } = object.metadata;
    if (type === "deleted") {
      this.#reported.delete(uid);
      return;
    }
    for (const anomaly of requestAnomalies(object)) {
      const reported = this.#reported.get(uid) ?? new Set();
      if (reported.has(anomaly.code)) continue;
      this.#reported.set(uid, reported.add(anomaly.code));
      this.#events.emit("anomaly", anomaly);
    }
  }
}

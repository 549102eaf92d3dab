import type { IssuerRef, Lifecycle } from "../lifecycle/lifecycle.ts";
import { type Listeners, listeners } from "../observe/listeners.ts";

/**
 * Requests that are tried again for one sign of life: if both are answered, four follow, then eight, up to the issuer's
 * slots. So a PKI that is back is used in full within a few of its own answers; one that answers only now and then is not
 * overrun, since a sign of life costs it two calls.
 */
export const recalledAtOnce = 2;

/** Ends the back-off of an issuer's requests when its PKI answers again. */
export class BackoffRecall {
  /** By issuer: how each request's back-off is ended, in the order in which they failed; false when it has ended before. */
  readonly #issuers = new Map<string, Map<string, () => boolean>>();
  readonly #issuerOf = new Map<string, string>();

  /** A request of the issuer has begun to back off. */
  add(issuer: IssuerRef, request: string, hasten: () => boolean): void {
    this.remove(request);
    const name = nameOf(issuer);
    const requests = this.#issuers.get(name) ?? new Map<string, () => boolean>();
    this.#issuers.set(name, requests.set(request, hasten));
    this.#issuerOf.set(request, name);
  }

  /** The request is gone. */
  remove(request: string): void {
    const name = this.#issuerOf.get(request);
    if (name === undefined) return;
    this.#issuerOf.delete(request);
    const requests = this.#issuers.get(name);
    requests?.delete(request);
    if (requests?.size === 0) this.#issuers.delete(name);
  }

  /** The issuer's PKI has answered: the requests that have waited longest are tried again. */
  answered(issuer: IssuerRef): void {
    let left = recalledAtOnce;
    for (const [request, hasten] of this.#issuers.get(nameOf(issuer)) ?? []) {
      if (left === 0) return;
      this.remove(request);
      if (hasten()) left -= 1;
    }
  }
}

/** Tells the recall of every sign of life: a call that was answered, a check that succeeded, a circuit that closed. */
export function recallAtSignsOfLife(lifecycle: Lifecycle, recall: BackoffRecall): Listeners {
  const signs = listeners(lifecycle);
  signs.on("request:answered", ({ issuer, outcome }) => {
    if (outcome !== "error") recall.answered(issuer);
  });
  signs.on("issuer:checked", ({ issuer, ready }) => {
    if (ready) recall.answered(issuer);
  });
  signs.on("pki:circuit", ({ issuer, state }) => {
    if (state === "closed") recall.answered(issuer);
  });
  return signs;
}

function nameOf({ group, kind, namespace, name }: IssuerRef): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

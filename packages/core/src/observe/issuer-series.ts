import type { IssuerRef } from "../lifecycle/lifecycle.ts";

/** The labels that name an issuer; `certmanager_certificate_*` has the first three by the same names. */
export const issuerLabelNames = ["issuer_group", "issuer_kind", "issuer_name", "issuer_namespace"] as const;

/** Values of labels, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A metric of prom-client whose series can be dropped. */
export interface Droppable {
  remove(labels: Labels): void;
}

/** Stands for every issuer and every value beyond the bounds. */
export const other = "other";

/** Hosts, credentials and codes that one issuer may have: more are no information but an attack or an accident. */
const maxValuesPerIssuer = 32;

interface Entry {
  readonly labels: Labels;
  /** What was set, by metric and further labels, so that it can be dropped. */
  readonly series: Map<Droppable, Map<string, Labels>>;
  readonly values: Map<string, Set<string>>;
}

/**
 * Keeps the number of series bounded: only issuers that exist have their own, at most `max` at a time, and they go with
 * the issuer. A request may name any issuer, so a name alone must not make a series.
 */
export class IssuerSeries {
  readonly #max: number;
  readonly #entries = new Map<string, Entry>();
  /** By group and kind, of which definitions have few. */
  readonly #others = new Map<string, Entry>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The issuer exists. False when there are too many to give it series of its own. */
  add(issuer: IssuerRef): boolean {
    const key = keyOf(issuer);
    if (this.#entries.has(key)) return true;
    if (this.#entries.size >= this.#max) return false;
    const { group, kind, name, namespace } = issuer;
    this.#entries.set(key, newEntry(group, kind, name, namespace));
    return true;
  }

  /** The issuer is gone, and with it all its series. */
  remove(issuer: IssuerRef): void {
    const key = keyOf(issuer);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    for (const [metric, all] of entry.series) for (const labels of all.values()) metric.remove(labels);
  }

  /** Whether the issuer has series of its own. */
  has(issuer: IssuerRef): boolean {
    return this.#entries.has(keyOf(issuer));
  }

  /**
   * The labels under which to record something of the issuer in the metric. `bounded` are labels with values that are
   * not from a fixed set: beyond their number they become `other`.
   */
  labels(metric: Droppable, issuer: IssuerRef, fixed: Labels = {}, bounded: Labels = {}): Labels {
    const entry = this.#entry(issuer);
    const labels: Record<string, string> = { ...entry.labels, ...fixed };
    for (const [name, value] of Object.entries(bounded)) labels[name] = boundedValue(entry, name, value);
    let all = entry.series.get(metric);
    if (all === undefined) {
      all = new Map();
      entry.series.set(metric, all);
    }
    all.set(JSON.stringify(labels), labels);
    return labels;
  }

  /** What {@link labels} of the same arguments stand for is no more. What is recorded as `other` stays: it is not known whose it is. */
  drop(metric: Droppable, issuer: IssuerRef, fixed: Labels, bounded: Labels): void {
    const entry = this.#entries.get(keyOf(issuer));
    if (entry === undefined) return;
    const labels = { ...entry.labels, ...fixed, ...bounded };
    if (entry.series.get(metric)?.delete(JSON.stringify(labels)) === true) metric.remove(labels);
  }

  #entry(issuer: IssuerRef): Entry {
    const own = this.#entries.get(keyOf(issuer));
    if (own !== undefined) return own;
    const { group, kind } = issuer;
    const key = `${group}/${kind}`;
    let entry = this.#others.get(key);
    if (entry === undefined) {
      entry = newEntry(group, kind, other, other);
      this.#others.set(key, entry);
    }
    return entry;
  }
}

function keyOf({ group, kind, namespace, name }: IssuerRef): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

function newEntry(group: string, kind: string, name: string, namespace: string): Entry {
  const labels = { issuer_group: group, issuer_kind: kind, issuer_name: name, issuer_namespace: namespace };
  return { labels, series: new Map(), values: new Map() };
}

function boundedValue({ values }: Entry, name: string, value: string): string {
  let known = values.get(name);
  if (known === undefined) {
    known = new Set();
    values.set(name, known);
  }
  if (known.has(value)) return value;
  if (known.size >= maxValuesPerIssuer) return other;
  known.add(value);
  return value;
}

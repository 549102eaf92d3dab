/** One place where two servers' observations of a case are not the same. */
export interface Difference {
  /** Index of the exchange, its request, and the path into its answer. */
  readonly at: string;
  readonly real: unknown;
  readonly embedded: unknown;
}

/** What a side that lacks a field or an exchange is said to have. */
const absent = "(absent)";

/** Every leaf in which the observations of one case differ, in order. */
export function differences(real: readonly unknown[], embedded: readonly unknown[]): readonly Difference[] {
  const found: Difference[] = [];
  for (let index = 0; index < Math.max(real.length, embedded.length); index += 1) {
    const request = (real[index] as { request?: string } | undefined)?.request ?? "observed";
    compare(`${index} ${request}`, real[index], embedded[index], found);
  }
  return found;
}

function compare(at: string, real: unknown, embedded: unknown, found: Difference[]): void {
  if (isContainer(real) && isContainer(embedded) && Array.isArray(real) === Array.isArray(embedded)) {
    for (const key of new Set([...Object.keys(real), ...Object.keys(embedded)])) {
      const field = (side: Container) => (key in side ? side[key] : absent);
      compare(`${at} .${key}`, field(real), field(embedded), found);
    }
    return;
  }
  if (real !== embedded) found.push({ at, real, embedded });
}

type Container = Readonly<Record<string, unknown>>;

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

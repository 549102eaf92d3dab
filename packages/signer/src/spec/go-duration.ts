const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/**
 * Seconds of a Go duration such as `2160h0m0s` (Go `time.ParseDuration`), which is how metav1.Duration is written.
 * Undefined when it is malformed or negative.
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (text.length > 64 || !/^\+?(\d+(\.\d*)?(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(seconds) ? seconds : undefined;
}

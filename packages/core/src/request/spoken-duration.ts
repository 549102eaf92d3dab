const units = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
] as const;

/** A duration for people, such as `7 days` or `90 minutes`: in the largest unit that fits it without a rest. */
export function spokenDuration(ms: number): string {
  const [size, name] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1_000, "second"];
  const count = Math.round(ms / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

import type { TppPolicy } from "./policy.ts";

const day = 86_400_000;
const names = ["specific end date", "microsoft ca:specific end date"];

/**
 * When a certificate ends: as its request says, where the CA template (of a Microsoft CA) lets it, and else after the
 * template's days. A date comes as RFC 3339 from the Go client, without its zone, in UTC, from the Python one.
 */
export function endOf(
  { endDates = true, validityDays = 365 }: TppPolicy,
  attributes: readonly { readonly Name: string; readonly Value: string }[],
  now: Date,
): Date {
  const latest = new Date(now.getTime() + validityDays * day);
  const asked = attributes.find(({ Name }) => names.includes(Name.toLowerCase()))?.Value;
  if (!endDates || asked === undefined) return latest;
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/i.test(asked) ? asked : `${asked.replace(" ", "T")}Z`;
  const end = new Date(zoned);
  return end > now && end < latest ? end : latest;
}

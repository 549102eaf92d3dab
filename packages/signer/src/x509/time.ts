import { toLatin1 } from "./bytes.ts";
import { type DerElement, tags } from "./der-reader.ts";
import { Refusal } from "./refusal.ts";

/** Reads a Time (RFC 5280 §4.1.2.5): UTCTime or GeneralizedTime with seconds, in `Z`, without fractions, a real date. */
export function readTime(element: DerElement | undefined, what: string): Date {
  const text = element === undefined ? "" : toLatin1(element.content);
  const digits =
    element?.tag === tags.utcTime && /^\d{12}Z$/.test(text)
      ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}`
      : element?.tag === tags.generalizedTime && /^\d{14}Z$/.test(text)
        ? text
        : undefined;
  const iso = digits?.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const date = new Date(iso ?? Number.NaN);
  // The Date parser accepts 31 April and hour 24 and rolls over; a second look catches both.
  if (iso === undefined || Number.isNaN(date.getTime()) || date.toISOString() !== iso)
    throw new Refusal(`${what} is not a valid time`);
  return date;
}

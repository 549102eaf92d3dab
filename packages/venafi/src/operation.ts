import { z } from "zod";

/** Milliseconds since the epoch. */
const time = z.number().int().min(0);

/** An order at TPP: the certificate object, and what was done about it. */
export const tppOrder = z.object({
  kind: z.literal("tpp"),
  /** Of the certificate object. */
  dn: z.string().min(1).max(2048),
  requestedAt: time,
  /** What the next call has to do instead of looking: a reset or a deletion has to have settled first. */
  next: z.literal("request").optional(),
  /** How often the object was reset because its processing had stopped. */
  resets: z.number().int().min(0),
  /** The object was gone once, and asked for again. */
  recreated: z.literal(true).optional(),
  /** Since when processing is stopped: a first sight may be of an older order. */
  stoppedAt: time.optional(),
  /** Since when the object has a certificate of another key: a first sight may be of an older order. */
  otherKeyAt: time.optional(),
});

/** An order at the SaaS. */
export const cloudOrder = z.object({
  kind: z.literal("cloud"),
  /** Of the certificate request. */
  id: z.string().min(1).max(256),
  requestedAt: time,
  /** When it was first said to be issued: certificates appear a while later. */
  issuedAt: time.optional(),
});

/** What the SDK keeps of an order on its request. */
export const venafiOperation = z.discriminatedUnion("kind", [tppOrder, cloudOrder]);

/** The parsed {@link tppOrder}. */
export type TppOrder = z.output<typeof tppOrder>;
/** The parsed {@link cloudOrder}. */
export type CloudOrder = z.output<typeof cloudOrder>;
/** The parsed {@link venafiOperation}. */
export type VenafiOperation = z.output<typeof venafiOperation>;

/** When an order is looked at first, in milliseconds: a CA takes some seconds. */
export const firstLookMs = 2_000;
/** The longest wait between two looks, in milliseconds. */
const lastLookMs = 60_000;
/** The wait is this share of what was waited already, so an order is seen at most a quarter later than it is done. */
const lookShare = 0.25;

/**
 * How long until the next look at an order, in milliseconds: from 2 s to 60 s, longer the longer it takes. It follows from the
 * order's age alone, so that a look which changes nothing leaves the kept order, and so the request, as it is.
 */
export function nextLookMs(requestedAt: number, now: number): number {
  return Math.round(Math.min(lastLookMs, Math.max(firstLookMs, (now - requestedAt) * lookShare)));
}

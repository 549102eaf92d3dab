import { parseGoDuration } from "@countersign/issuer-signer";
import { z } from "zod";

/** The annotation of a CertificateRequestPolicy that holds our additions, as JSON; approver-policy ignores it. */
export const additionsAnnotation = "approval.countersign.dev/additions";

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be a time from 00:00 to 24:00");
const window = z
  .string()
  .refine((text) => (parseGoDuration(text) ?? 0) > 0, "must be a Go duration above 0, such as 24h");

const quota = z.strictObject({
  /** Whose requests are counted together. */
  per: z.enum(["namespace", "requester", "policy"]),
  limit: z.int("must be an integer").min(0, "must be 0 or more"),
  window,
});

const timeWindow = z
  .strictObject({
    days: z.array(z.enum(days)).min(1, "must have a day").optional(),
    from: timeOfDay,
    to: timeOfDay,
    timeZone: z.string().refine(isTimeZone, "must be a time zone such as Europe/Berlin"),
  })
  .refine(({ from, to }) => from < to, {
    path: ["to"],
    message: "must be after from; write two windows across midnight",
  });

const people = z.strictObject({
  /** Wildcards over the common name and every DNS, IP, URI and e-mail name. */
  names: z.array(z.string()).min(1, "must have a name"),
  /** How many different people; the requester is never one of them. */
  count: z.int("must be an integer").min(1, "must be 1 or more").default(2),
  /** Who may: usernames, or groups as `group:NAME`. */
  approvers: z.array(z.string()).min(1, "must have an approver"),
});

/** What policies of ours can say beyond approver-policy's. */
export const policyAdditions = z.strictObject({
  /** The policy is evaluated and explained, and decides nothing. */
  dryRun: z.boolean().default(false),
  quotas: z.array(quota).default([]),
  /** The policy approves only within one of these. */
  timeWindows: z.array(timeWindow).default([]),
  people: z.array(people).default([]),
  /** OIDs in the CSR that no field of the policy speaks of, and that may be there nonetheless. */
  csr: z
    .strictObject({
      extensions: z.array(z.string()).default([]),
      attributes: z.array(z.string()).default([]),
    })
    .default({ extensions: [], attributes: [] }),
});

/** What policies of ours can say beyond approver-policy's. */
export type PolicyAdditions = z.output<typeof policyAdditions>;
/** At most so many approved requests in a span of time. */
export type Quota = PolicyAdditions["quotas"][number];
/** When a policy approves. */
export type TimeWindow = PolicyAdditions["timeWindows"][number];
/** Who must approve requests for certain names. */
export type PeopleRule = PolicyAdditions["people"][number];

/** Whether the moment lies in the window, on the clock of its time zone. */
export function isWithin(window: TimeWindow, now: Date): boolean {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: window.timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  const time = `${part("hour")}:${part("minute")}`;
  const isDay = window.days === undefined || window.days.some((day) => day === part("weekday"));
  return isDay && window.from <= time && time < window.to;
}

/** A window as people read it. */
export function timeWindowText({ days: on, from, to, timeZone }: TimeWindow): string {
  return `${on === undefined ? "any day" : on.join(", ")} ${from}-${to} ${timeZone}`;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * From when the limits of an attempt count, in milliseconds since the epoch. Kept in the attempt record, so that neither a
 * restart nor another replica begins anew.
 */
export interface AttemptTimes {
  /** Start of the first of the calls that end in trouble, moved on by every wait for the issuer. */
  readonly triedSinceMs?: number | undefined;
  /** The request waits for its issuer. */
  readonly waitingSinceMs?: number | undefined;
  /** First `pending` answer: the PKI has the request. */
  readonly pendingSinceMs?: number | undefined;
}

/** The times as a record holds them; what is not a number is left out. */
export function readTimes(value: object): AttemptTimes {
  const names = ["triedSinceMs", "waitingSinceMs", "pendingSinceMs"] as const;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return Object.fromEntries(
    names.flatMap((name) => (Number.isFinite(fields[name]) ? [[name, fields[name]] as const] : [])),
  );
}

/** At the start of a call: the time that was spent waiting for the issuer does not count as trouble with the PKI. */
export function timesAtCall(times: AttemptTimes, now: number): AttemptTimes {
  const { triedSinceMs = now, waitingSinceMs, pendingSinceMs } = times;
  const waited = waitingSinceMs === undefined ? 0 : Math.max(0, now - waitingSinceMs);
  return { triedSinceMs: Math.min(now, triedSinceMs + waited), pendingSinceMs };
}

/** While the request waits for its issuer. */
export function timesWhileWaiting(times: AttemptTimes, now: number): AttemptTimes {
  return { ...times, waitingSinceMs: times.waitingSinceMs ?? now };
}

/** After a `pending` answer: the PKI can be reached, and has the request. */
export function timesWhilePending({ pendingSinceMs }: AttemptTimes, now: number): AttemptTimes {
  return { pendingSinceMs: pendingSinceMs ?? now };
}

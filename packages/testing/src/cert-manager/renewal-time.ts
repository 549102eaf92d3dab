/** What decides when a certificate is renewed. */
export interface RenewalInput {
  /** Milliseconds since the epoch, of the issued certificate: not what was asked for. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly renewBeforeSeconds?: number | undefined;
  readonly renewBeforePercentage?: number | undefined;
}

/**
 * When to renew, in milliseconds since the epoch, on a whole second. A `renewBefore` that is not shorter than the
 * lifetime counts as none: the certificate would be renewed for ever.
 */
export function renewalTime(input: RenewalInput): number {
  const { notBefore, notAfter, renewBeforeSeconds, renewBeforePercentage } = input;
  const lifetime = notAfter - notBefore;
  let before = lifetime / 3;
  const fixed = (renewBeforeSeconds ?? 0) * 1000;
  if (fixed > 0 && fixed < lifetime) before = fixed;
  else if (renewBeforePercentage !== undefined && renewBeforePercentage > 0 && renewBeforePercentage < 100)
    before = (lifetime * renewBeforePercentage) / 100;
  return Math.floor((notAfter - before) / 1000) * 1000;
}

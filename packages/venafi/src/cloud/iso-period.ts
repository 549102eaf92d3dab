const daySeconds = 86_400;

/**
 * A lifetime as an ISO 8601 duration in days, with what is left over behind: third-party CAs of the SaaS pass over one that is
 * in hours, such as PT2160H.
 */
export function isoPeriod(totalSeconds: number): string {
  const seconds = Math.max(0, Math.round(totalSeconds));
  const [days, rest] = [Math.floor(seconds / daySeconds), seconds % daySeconds];
  const time =
    rest === 0 ? "" : `T${Math.floor(rest / 3600)}H${Math.floor((rest % 3600) / 60)}M${rest % 60}S`;
  return `P${days === 0 && time !== "" ? "" : `${days}D`}${time}`;
}

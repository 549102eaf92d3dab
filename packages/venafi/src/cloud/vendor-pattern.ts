/** Longest text that is matched; a name is shorter. */
const maxTextLength = 1_024;
const maxPatternLength = 512;
/** Each one multiplies the steps of a match that fails by the text's length: two are a million at most. */
const maxUnbounded = 2;

/**
 * Whether a text matches a pattern of a template as a whole; undefined where that cannot be told here. Node's engine
 * backtracks, so only patterns are tried that cannot take long: no repeated group, no more than two unbounded repetitions, no
 * reference back, no looking around. Others, and those of another dialect, are left to the SaaS, which judges all of them.
 */
export function matchesPattern(pattern: string, text: string): boolean | undefined {
  if (text.length > maxTextLength || !isCheap(pattern)) return undefined;
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return undefined;
  }
}

function isCheap(pattern: string): boolean {
  if (pattern.length > maxPatternLength) return false;
  // What is within a class, or escaped, repeats nothing.
  const bare = pattern.replace(/\\./gsu, "x").replace(/\[[^\]]*\]/gu, "x");
  if (/\\|\(\?(?!:)|\)[*+?{]|\{\d+,\d*\}\{|[*+]{2}/u.test(bare)) return false;
  if (/\\[1-9k]/u.test(pattern)) return false;
  const bounds = [...bare.matchAll(/\{(\d+)(?:,(\d*))?\}/gu)];
  if (bounds.some(([, least, most]) => Number(most || least) > 255)) return false;
  const open = (bare.match(/[*+]/gu) ?? []).length + bounds.filter(([, , most]) => most !== undefined).length;
  return open <= maxUnbounded;
}

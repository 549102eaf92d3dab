/**
 * Whether the text matches the pattern, in which `*` stands for any run of characters, the empty run, dots and slashes
 * included. Everything else stands for itself. Compares code points, case-sensitively; takes at most the product of both
 * lengths, however many stars there are.
 */
export function wildcardMatches(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop() ?? "";
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  // The leftmost place for each part leaves the most room for those after it.
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether every text matches at least one of the patterns. */
export function wildcardSubset(patterns: readonly string[], texts: readonly string[]): boolean {
  return texts.every((text) => patterns.some((pattern) => wildcardMatches(pattern, text)));
}

/** Syntax that JavaScript has and Go's RE2 has not. */
const UNSUPPORTED = /^(\(\?<?[=!])/;

/**
 * What Go's regexp package says of a pattern that it does not take; undefined when it takes it. JavaScript parses the
 * pattern; what only JavaScript takes (look-around, back-references) is looked for beside that.
 */
export function goPatternProblem(pattern: string): string | undefined {
  const found = unsupported(pattern);
  if (found !== undefined) return `error parsing regexp: ${found}`;
  const flags = /^\(\?[ims]+\)/.exec(pattern)?.[0] ?? "";
  try {
    new RegExp(pattern.slice(flags.length));
    return undefined;
  } catch (error) {
    return `error parsing regexp: ${translate(pattern, error instanceof Error ? error.message : "")}`;
  }
}

function unsupported(pattern: string): string | undefined {
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    if (rest.startsWith("\\")) {
      const sequence = rest.slice(0, 2);
      if (!inClass && /[1-9k]/.test(sequence.slice(1))) return `invalid escape sequence: \`${sequence}\``;
      at += 1;
    } else if (inClass) inClass = !rest.startsWith("]");
    else if (rest.startsWith("[")) inClass = true;
    else {
      const syntax = UNSUPPORTED.exec(rest)?.[1];
      if (syntax !== undefined) return `invalid or unsupported Perl syntax: \`${syntax}\``;
    }
  }
  return undefined;
}

/** Go's words for what JavaScript complains of. */
function translate(pattern: string, message: string): string {
  if (message.endsWith("Unterminated group")) return `missing closing ): \`${pattern}\``;
  if (message.endsWith("Unmatched ')'")) return `unexpected ): \`${pattern}\``;
  if (message.endsWith("Unterminated character class"))
    return `missing closing ]: \`${pattern.slice(pattern.lastIndexOf("["))}\``;
  if (message.endsWith("Nothing to repeat"))
    return `missing argument to repetition operator: \`${/[*+?]/.exec(pattern)?.[0] ?? pattern}\``;
  if (message.endsWith("numbers out of order in {} quantifier"))
    return `invalid repeat count: \`${/\{\d+,\d+\}/.exec(pattern)?.[0] ?? pattern}\``;
  return message;
}

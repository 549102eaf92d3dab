/** Thrown by {@link re2Pattern}: the message completes "the pattern uses …". */
export class NotRe2Error extends Error {}

/** RE2 text, and how much of the source it stands for. */
type Token = readonly [text: string, length: number];

const categories = /^[pP]\{(L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cf]?)\}/;
const repetition = /^\{(\d+)(?:,(\d*))?\}/;
const letterEscapes = "dDwWsSBtnrfv";

/**
 * Rewrites a JavaScript regular expression for the API server, whose `pattern` is Go's RE2 syntax. `\s` matches ASCII
 * white space only there.
 *
 * @throws NotRe2Error for what RE2 lacks: look-around, back-references, set operations, counts above 1000
 */
export function re2Pattern(source: string, flags = ""): string {
  if (/[vy]/.test(flags)) throw new NotRe2Error(`the flag \`${flags}\``);
  const goFlags = flags.replace(/[^ims]/g, "");
  let out = goFlags === "" ? "" : `(?${goFlags})`;
  let inClass = false;
  for (let at = 0; at < source.length; ) {
    const step: Token = inClass ? classToken(source, at, flags) : token(source, at, flags);
    // `[]` and `[^]` are complete in JavaScript, whereas RE2 reads on for the closing bracket.
    if (step[0] === "[" && /^\[\^?\]/.test(source.slice(at)))
      throw new NotRe2Error("an empty character class");
    if (step[0] === "[" || step[0] === "]") inClass = step[0] === "[";
    out += step[0];
    at += step[1];
  }
  return out;
}

function token(source: string, at: number, flags: string): Token {
  const rest = source.slice(at);
  if (rest[0] === "\\") return escapeToken(rest, flags, false);
  if (rest[0] === "]") return ["\\]", 1];
  const named = /^\(\?<[A-Za-z_$]/.test(rest) ? rest.indexOf(">") + 1 : 0;
  if (named > 0) return ["(", named];
  if (rest.startsWith("(?") && !rest.startsWith("(?:")) throw new NotRe2Error(`\`${rest.slice(0, 4)}\``);
  const count = repetition.exec(rest);
  if (Number(count?.[1] ?? 0) > 1000 || Number(count?.[2] ?? 0) > 1000) {
    throw new NotRe2Error(`the repeat count \`${count?.[0]}\``);
  }
  return [rest[0] ?? "", 1];
}

function classToken(source: string, at: number, flags: string): Token {
  const rest = source.slice(at);
  if (rest[0] === "\\") return escapeToken(rest, flags, true);
  // `[:alpha:]` is a class of its own in RE2, and five characters in JavaScript.
  return rest[0] === "[" ? ["\\[", 1] : [rest[0] ?? "", 1];
}

function escapeToken(rest: string, flags: string, inClass: boolean): Token {
  const next = rest[1] ?? "";
  const unicode = flags.includes("u");
  const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(rest);
  const point = unicode ? /^\\u\{([0-9a-fA-F]+)\}/.exec(rest) : null;
  const hex = code?.[1] ?? code?.[2] ?? point?.[1];
  if (hex !== undefined && !/^d[89a-f]/i.test(hex)) return [`\\x{${hex}}`, (code ?? point)?.[0].length ?? 0];
  if (next === "b") return [inClass ? "\\x08" : "\\b", 2];
  if (next !== "" && letterEscapes.includes(next)) return [`\\${next}`, 2];
  const category = unicode ? categories.exec(rest.slice(1)) : null;
  if (category !== null) return [`\\${category[0]}`, category[0].length + 1];
  if (/^\\0(?!\d)/.test(rest)) return ["\\x00", 2];
  if (/^[A-Za-z0-9]?$/.test(next)) throw new NotRe2Error(`\`\\${next}\``);
  return [/^[!-/:-@[-`{-~]$/.test(next) ? `\\${next}` : next, 2];
}

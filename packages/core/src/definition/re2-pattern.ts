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
 * @throws NotRe2Error for what RE2 lacks: look-around, back-references, set operations, counts above 1000 in all
 */
export function re2Pattern(source: string, flags = ""): string {
  if (/[vy]/.test(flags)) throw new NotRe2Error(`the flag \`${flags}\``);
  const goFlags = flags.replace(/[^ims]/g, "");
  let out = goFlags === "" ? "" : `(?${goFlags})`;
  const repeats = new RepeatLimit();
  let inClass = false;
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    const next: Token = inClass ? classToken(rest, flags) : token(rest, flags);
    if (!inClass) repeats.add(next[0]);
    if (next[0] === "[" || next[0] === "]") inClass = next[0] === "[";
    out += next[0];
    at += next[1];
  }
  return out;
}

/** RE2 unrolls counts, and refuses an expression whose nested counts multiply to more than 1000. */
class RepeatLimit {
  readonly #outer: number[] = [];
  #group = 1;
  #last = 1;

  add(text: string): void {
    const count = repetition.exec(text);
    if (count !== null) {
      this.#last *= Number(count[2] || count[1]);
      if (this.#last > 1000) throw new NotRe2Error(`the repeat count \`${text}\` (1000 in all)`);
      this.#group = Math.max(this.#group, this.#last);
      return;
    }
    this.#last = 1;
    if (text === "(") {
      this.#outer.push(this.#group);
      this.#group = 1;
    } else if (text === ")") {
      this.#last = this.#group;
      this.#group = Math.max(this.#outer.pop() ?? 1, this.#group);
    }
  }
}

function token(rest: string, flags: string): Token {
  if (rest[0] === "\\") return escapeToken(rest, flags, false);
  if (rest[0] === "]") return ["\\]", 1];
  // `[]` and `[^]` are complete in JavaScript, whereas RE2 reads on for the closing bracket.
  if (/^\[\^?\]/.test(rest)) throw new NotRe2Error("an empty character class");
  const named = /^\(\?<[A-Za-z_$]/.test(rest) ? rest.indexOf(">") + 1 : 0;
  if (named > 0) return ["(", named];
  if (rest.startsWith("(?") && !rest.startsWith("(?:")) throw new NotRe2Error(`\`${rest.slice(0, 4)}\``);
  const text = repetition.exec(rest)?.[0] ?? rest[0] ?? "";
  return [text, text.length];
}

function classToken(rest: string, flags: string): Token {
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
  if (hex !== undefined && !/^0*d[89a-f]..$/i.test(hex))
    return [`\\x{${hex}}`, (code ?? point)?.[0].length ?? 0];
  if (next === "b") return [inClass ? "\\x08" : "\\b", 2];
  if (next !== "" && letterEscapes.includes(next)) return [`\\${next}`, 2];
  const category = unicode ? categories.exec(rest.slice(1)) : null;
  if (category !== null) return [`\\${category[0]}`, category[0].length + 1];
  if (/^\\0(?!\d)/.test(rest)) return ["\\x00", 2];
  if (/^[A-Za-z0-9]?$/.test(next)) throw new NotRe2Error(`\`\\${next}\``);
  return [/^[!-/:-@[-`{-~]$/.test(next) ? `\\${next}` : next, 2];
}

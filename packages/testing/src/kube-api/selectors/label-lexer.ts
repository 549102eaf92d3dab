/** Kinds of tokens in a label selector; `in` and `notin` may also stand where an identifier is meant. */
export type LabelTokenKind =
  | "identifier"
  | "in"
  | "notin"
  | "end"
  | "error"
  | "!"
  | "!="
  | "="
  | "=="
  | ","
  | "("
  | ")"
  | ">"
  | "<";

/** A token and the text it was read from; the text of `end` is empty. */
export interface LabelToken {
  readonly kind: LabelTokenKind;
  readonly text: string;
}

const SYMBOLS: ReadonlySet<string> = new Set([")", ",", "!", "==", "=", ">", "<", "!=", "("]);

/** Splits a label selector into tokens as apimachinery's lexer does, ending with `end`. */
export function lexLabels(input: string): readonly LabelToken[] {
  const tokens: LabelToken[] = [];
  let at = 0;
  while (at < input.length) {
    const rest = input.slice(at);
    const space = /^\s+/.exec(rest)?.[0].length;
    if (space !== undefined) {
      at += space;
      continue;
    }
    const token = symbol(rest) ?? word(rest);
    tokens.push(token);
    at += token.text.length;
  }
  return [...tokens, { kind: "end", text: "" }];
}

function symbol(rest: string): LabelToken | undefined {
  const text = [rest.slice(0, 2), rest.slice(0, 1)].find((candidate) => SYMBOLS.has(candidate));
  return text === undefined ? undefined : { kind: text as LabelTokenKind, text };
}

function word(rest: string): LabelToken {
  const text = /^[^\s=!(),><]+/.exec(rest)?.[0] ?? rest.slice(0, 1);
  return { kind: text === "in" || text === "notin" ? text : "identifier", text };
}

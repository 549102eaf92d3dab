import { FlowReader } from "./flow-reader.ts";
import { YamlError } from "./yaml-error.ts";
import { unescapeDouble, unescapeSingle } from "./yaml-scalar.ts";

interface Line {
  readonly number: number;
  readonly indent: number;
  /** The line without its indentation and without a comment. */
  readonly text: string;
  /** The line as it was. */
  readonly raw: string;
}

const KEY =
  /^((?:"(?:[^"\\]|\\.)*")|(?:'(?:[^']|'')*')|[^\s#&*!|>'"%@`{[\]},-](?:[^:#]|:(?!\s|$)|(?<!\s)#)*?|-[^\s:](?:[^:#]|:(?!\s|$))*?)\s*:(?:\s+(.*))?$/s;

/**
 * Reads the part of YAML that manifests are written in: one document of block and flow mappings and sequences, plain
 * and quoted scalars, `|` and `>` blocks, comments. Anchors, aliases, tags and scalars over several plain lines are
 * refused. JSON is read as well.
 */
export function parseYaml(source: string): unknown {
  return new BlockReader(readLines(source)).document();
}

class BlockReader {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  document(): unknown {
    const first = this.#peek();
    if (!first) return null;
    const value = this.#node(first.indent);
    const rest = this.#peek();
    if (rest) throw new YamlError(rest.number, "did not find expected <document start>");
    return value;
  }

  #peek(): Line | undefined {
    while (this.#at < this.#lines.length && this.#lines[this.#at]?.text === "") this.#at += 1;
    return this.#lines[this.#at];
  }

  /** The block whose lines are indented by `indent`. */
  #node(indent: number): unknown {
    const line = this.#peek();
    if (!line || line.indent < indent) return null;
    if (isItem(line.text)) return this.#sequence(line.indent);
    if (KEY.test(line.text)) return this.#mapping(line.indent);
    this.#at += 1;
    return this.#flow(line, line.text, -1);
  }

  #mapping(indent: number): unknown {
    const map: { [key: string]: unknown } = {};
    for (let line = this.#peek(); line && line.indent === indent; line = this.#peek()) {
      const [, key, rest = ""] = KEY.exec(line.text) ?? [];
      if (key === undefined) throw new YamlError(line.number, "could not find expected ':'");
      this.#at += 1;
      map[unquote(key)] = this.#value(line, rest, indent, true);
    }
    this.#requireEnd(indent);
    return map;
  }

  #sequence(indent: number): unknown {
    const list: unknown[] = [];
    for (let line = this.#peek(); line && line.indent === indent && isItem(line.text); line = this.#peek()) {
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (KEY.test(rest) || isItem(rest)) {
        // A block that begins on the item's own line is indented as far as its first character.
        const replaced = { ...line, indent: inner, text: rest };
        list.push(new BlockReader([replaced, ...this.#takeDeeper(indent)]).document());
      } else {
        this.#at += 1;
        list.push(this.#value(line, rest, indent, false));
      }
    }
    return list;
  }

  /** What stands after `key:` or `-`: on the same line, or as the block below. */
  #value(line: Line, rest: string, indent: number, inMapping: boolean): unknown {
    const block = /^([|>])([+-]?)\d*$/.exec(rest);
    if (block) return this.#blockScalar(indent, block[1] === ">", block[2] ?? "");
    if (rest !== "") return this.#flow(line, rest, indent);
    const next = this.#peek();
    if (!next) return null;
    const isSameLevelList = inMapping && next.indent === indent && isItem(next.text);
    return next.indent > indent || isSameLevelList ? this.#node(next.indent) : null;
  }

  /** A flow value may go on over the following, deeper lines while its brackets are open. */
  #flow(line: Line, rest: string, indent: number): unknown {
    if (/^[&*!]/.test(rest)) throw new YamlError(line.number, "anchors, aliases and tags are not supported");
    let text = rest;
    while (/^["'[{]/.test(text) && !isBalanced(text)) {
      const next = this.#peek();
      if (!next || next.indent < indent) break;
      this.#at += 1;
      text += `\n${next.text}`;
    }
    return new FlowReader(text, line.number).readAll();
  }

  #blockScalar(indent: number, folded: boolean, chomp: string): string {
    const body: string[] = [];
    let depth: number | undefined;
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const { raw } = this.#lines[this.#at] ?? { raw: "" };
      const own = raw.length - raw.trimStart().length;
      if (raw.trim() !== "" && own <= indent) break;
      if (raw.trim() !== "") depth ??= own;
      body.push(raw.slice(depth ?? raw.length));
    }
    const text = body.join("\n").replace(/\n*$/, "");
    const trailing = body.join("\n").slice(text.length);
    const joined = folded ? text.replace(/([^\n])\n(?=[^\n\s])/g, "$1 ") : text;
    if (chomp === "-") return joined;
    return chomp === "+" ? `${joined}${trailing}\n` : `${joined}\n`;
  }

  #takeDeeper(indent: number): Line[] {
    const from = this.#at + 1;
    let to = from;
    while (
      to < this.#lines.length &&
      ((this.#lines[to]?.indent ?? 0) > indent || this.#lines[to]?.text === "")
    )
      to += 1;
    this.#at = to;
    return this.#lines.slice(from, to);
  }

  #requireEnd(indent: number): void {
    const next = this.#peek();
    if (next && next.indent > indent)
      throw new YamlError(next.number, "mapping values are not allowed in this context");
  }
}

function readLines(source: string): Line[] {
  const raw = source.replaceAll("\r\n", "\n").split("\n");
  const start = raw.findIndex((line) => /^---(\s|$)/.test(line)) + 1;
  const end = raw.findIndex((line, index) => index >= start && /^(\.\.\.|---)(\s|$)/.test(line));
  return raw.slice(start, end < 0 ? undefined : end).map((line, index) => {
    const text = withoutComment(line.trimStart()).trimEnd();
    const indent = line.length - line.trimStart().length;
    if (/^ *\t/.test(line) && text !== "")
      throw new YamlError(start + index + 1, "found character that cannot start any token");
    return { number: start + index + 1, indent, text, raw: line };
  });
}

/** A comment begins at a `#` that follows a space, outside quotes. */
function withoutComment(text: string): string {
  let quote = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? "";
    if (quote === '"' && character === "\\") index += 1;
    else if (quote !== "" && character === quote) quote = "";
    else if (
      quote === "" &&
      (character === '"' || character === "'") &&
      /^$|[\s[{,:-]$/.test(text.slice(0, index))
    )
      quote = character;
    else if (quote === "" && character === "#" && (index === 0 || /\s/.test(text[index - 1] ?? "")))
      return text.slice(0, index);
  }
  return text;
}

function isItem(text: string): boolean {
  return text === "-" || text.startsWith("- ");
}

function isBalanced(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/gs, "");
  const count = (pattern: RegExp) => (bare.match(pattern) ?? []).length;
  return count(/[[{]/g) <= count(/[\]}]/g) && !/["']/.test(bare);
}

function unquote(key: string): string {
  if (key.startsWith('"')) return unescapeDouble(key.slice(1, -1));
  return key.startsWith("'") ? unescapeSingle(key.slice(1, -1)) : key;
}

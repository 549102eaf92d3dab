import { YamlError } from "./yaml-error.ts";
import { plainScalar, unescapeDouble, unescapeSingle } from "./yaml-scalar.ts";

/** Reads flow style: JSON-like collections and quoted or plain scalars, from one text that may span lines. */
export class FlowReader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  /** `line` is the number of the text's first line, for errors. */
  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  /** The value that the whole text is. */
  readAll(): unknown {
    const value = this.#value("");
    this.#skip();
    if (this.#at < this.#text.length) throw this.#error("did not find expected <document start>");
    return value;
  }

  #value(stops: string): unknown {
    this.#skip();
    const first = this.#text[this.#at];
    if (first === "{") return this.#map();
    if (first === "[") return this.#list();
    if (first === '"' || first === "'") return this.#quoted(first);
    return this.#plain(stops);
  }

  #map(): unknown {
    const map: { [key: string]: unknown } = {};
    this.#at += 1;
    while (true) {
      this.#skip();
      if (this.#take("}")) return map;
      const key = this.#value(",:}");
      this.#skip();
      map[String(key)] = this.#take(":") ? this.#value(",}") : null;
      this.#skip();
      if (this.#take("}")) return map;
      if (!this.#take(",")) throw this.#error("did not find expected ',' or '}'");
    }
  }

  #list(): unknown {
    const list: unknown[] = [];
    this.#at += 1;
    while (true) {
      this.#skip();
      if (this.#at >= this.#text.length) throw this.#error("did not find expected node content");
      if (this.#take("]")) return list;
      list.push(this.#value(",]"));
      this.#skip();
      if (this.#take("]")) return list;
      if (!this.#take(",")) throw this.#error("did not find expected ',' or ']'");
    }
  }

  #quoted(quote: string): string {
    const pattern = quote === '"' ? /"((?:[^"\\]|\\.)*)"/sy : /'((?:[^']|'')*)'/sy;
    pattern.lastIndex = this.#at;
    const body = pattern.exec(this.#text)?.[1];
    if (body === undefined) throw this.#error("found unexpected end of stream");
    this.#at = pattern.lastIndex;
    return quote === '"' ? unescapeDouble(body) : unescapeSingle(body);
  }

  /** A plain scalar ends at a stop character; a colon stops it only before a space or the end. */
  #plain(stops: string): unknown {
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#isStop(stops)) this.#at += 1;
    const text = this.#text.slice(start, this.#at).trim();
    if (text === "" && stops !== "") throw this.#error("did not find expected node content");
    return plainScalar(text);
  }

  #isStop(stops: string): boolean {
    const here = this.#text[this.#at] ?? "";
    if (here === "\n") return stops !== "";
    if (!stops.includes(here)) return false;
    return here !== ":" || /^:(\s|$|[,{}[\]])/.test(this.#text.slice(this.#at, this.#at + 2));
  }

  #take(character: string): boolean {
    const isHere = this.#text[this.#at] === character;
    if (isHere) this.#at += 1;
    return isHere;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #error(problem: string): YamlError {
    return new YamlError(this.#line + this.#text.slice(0, this.#at).split("\n").length - 1, problem);
  }
}

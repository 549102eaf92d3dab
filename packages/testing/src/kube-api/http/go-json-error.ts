/** Where Go's JSON scanner stops and what it says there: the server's clients see these texts. */
export function goJsonError(text: string): string {
  const scanner = new Scanner(text);
  return scanner.run() ?? "unexpected end of JSON input";
}

const LITERALS: { readonly [first: string]: string } = { t: "true", f: "false", n: "null" };

/** Follows encoding/json's scanner; `run` returns its error, or undefined when the text just ends too soon. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string | undefined {
    try {
      this.#value();
      const rest = this.#skipSpace();
      return rest === undefined ? undefined : this.#wrong("after top-level value");
    } catch (error) {
      if (error instanceof Stop) return error.text;
      throw error;
    }
  }

  #value(): void {
    const first = this.#need();
    const literal = LITERALS[first];
    if (first === "{") this.#object();
    else if (first === "[") this.#array();
    else if (first === '"') this.#string();
    else if (literal !== undefined) this.#literal(literal);
    else if (first === "-" || isDigit(first)) this.#number();
    else throw new Stop(this.#wrong("looking for beginning of value"));
  }

  #object(): void {
    this.#at += 1;
    if (this.#need() === "}") {
      this.#at += 1;
      return;
    }
    while (true) {
      if (this.#need() !== '"') throw new Stop(this.#wrong("looking for beginning of object key string"));
      this.#string();
      if (this.#need() !== ":") throw new Stop(this.#wrong("after object key"));
      this.#at += 1;
      this.#value();
      const next = this.#need();
      if (next !== "," && next !== "}") throw new Stop(this.#wrong("after object key:value pair"));
      this.#at += 1;
      if (next === "}") return;
    }
  }

  #array(): void {
    this.#at += 1;
    if (this.#need() === "]") {
      this.#at += 1;
      return;
    }
    while (true) {
      this.#value();
      const next = this.#need();
      if (next !== "," && next !== "]") throw new Stop(this.#wrong("after array element"));
      this.#at += 1;
      if (next === "]") return;
    }
  }

  #string(): void {
    this.#at += 1;
    while (true) {
      const character = this.#here();
      if (character === '"') {
        this.#at += 1;
        return;
      }
      if (character < " ") throw new Stop(this.#wrong("in string literal"));
      this.#at += 1;
      if (character === "\\") this.#escape();
    }
  }

  #escape(): void {
    const character = this.#here();
    if (!'bfnrt\\/"u'.includes(character)) throw new Stop(this.#wrong("in string escape code"));
    this.#at += 1;
    for (let digits = 0; character === "u" && digits < 4; digits += 1) {
      if (!/[0-9a-fA-F]/.test(this.#here()))
        throw new Stop(this.#wrong("in \\u hexadecimal character escape"));
      this.#at += 1;
    }
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#here() !== expected)
        throw new Stop(this.#wrong(`in literal ${word} (expecting '${expected}')`));
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.#text[this.#at] === "-") this.#at += 1;
    if (!isDigit(this.#here())) throw new Stop(this.#wrong("in numeric literal"));
    if (this.#text[this.#at] === "0") this.#at += 1;
    else this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at += 1;
      if (!isDigit(this.#here())) throw new Stop(this.#wrong("after decimal point in numeric literal"));
      this.#digits();
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at += 1;
      if (/[+-]/.test(this.#here())) this.#at += 1;
      if (!isDigit(this.#here())) throw new Stop(this.#wrong("in exponent of numeric literal"));
      this.#digits();
    }
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #skipSpace(): string | undefined {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at];
  }

  /** The next character that is no space; stops at the end of the text. */
  #need(): string {
    this.#skipSpace();
    return this.#here();
  }

  #here(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw new Stop(undefined);
    return character;
  }

  #wrong(context: string): string {
    const character = this.#text[this.#at] ?? "";
    const shown = character === "'" ? "\\'" : JSON.stringify(character).slice(1, -1).replace('\\"', '"');
    return `invalid character '${shown}' ${context}`;
  }
}

/** Unwinds the scanner; without a text the input ended too soon. */
class Stop extends Error {
  readonly text: string | undefined;

  constructor(text: string | undefined) {
    super(text);
    this.text = text;
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9" && character.length === 1;
}

/** Shorter values are in every text by accident. */
const minLength = 4;
/** A value that is shorter than this is removed only where it stands alone, or `admin` would cut `administrator`. */
const minInsideWord = 8;

const mark = "[redacted]";

/** So many values that come and go are remembered: with one a minute, those of the last quarter of an hour. */
const maxPassing = 16;

/** Removes the values of an issuer's Secrets from texts: a password has no form by which anybody could tell it. */
export class KnownSecrets {
  readonly #values: readonly (string | Uint8Array)[];
  readonly #passing: string[] = [];
  /** By what they are called. */
  readonly #renewed = new Map<string, string>();
  #forms: readonly (string | RegExp)[];

  constructor(values: readonly (string | Uint8Array)[]) {
    this.#values = values;
    this.#forms = patternsOf(values);
  }

  /** Adds one that is in use for a while only, such as a token; the oldest of more than a few is forgotten. */
  addPassing(value: string): void {
    this.#passing.push(value);
    if (this.#passing.length > maxPassing) this.#passing.shift();
    this.#forms = patternsOf([...this.#values, ...this.#renewed.values(), ...this.#passing]);
  }

  /** Adds one in the place of another of the same name, which then is remembered for a while. */
  renew(called: string, value: string): void {
    const before = this.#renewed.get(called) ?? value;
    this.#renewed.set(called, value);
    this.addPassing(before);
  }

  /** The text without them. */
  text(text: string): string {
    let result = text;
    for (const form of this.#forms) result = result.replaceAll(form, mark);
    return result;
  }

  /** The error without them in its messages and stacks, and in those of its causes; its class and code stay. */
  error(error: unknown): unknown {
    if (!(error instanceof Error)) {
      const text = String(error);
      const clean = this.text(text);
      return clean === text ? error : new Error(clean);
    }
    for (let at: unknown = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
      if (this.#clean(at)) continue;
      // It cannot be changed: what is thrown in its place has its code and nothing of its text.
      const { message, stack = message } = error;
      return Object.create(error, {
        message: { value: this.text(message) },
        stack: { value: this.text(stack) },
        cause: { value: undefined },
      });
    }
    return error;
  }

  /** Whether the error's own texts are clean now. */
  #clean(error: Error): boolean {
    for (const name of ["message", "stack"] as const) {
      const text = error[name];
      if (typeof text !== "string") continue;
      const clean = this.text(text);
      if (clean !== text && !Reflect.set(error, name, clean)) return false;
    }
    return true;
  }
}

function patternsOf(values: readonly (string | Uint8Array)[]): readonly (string | RegExp)[] {
  const forms = new Set(values.flatMap(formsOf).filter((form) => form.length >= minLength));
  // A value may be a part of another: the longest go first.
  return [...forms]
    .sort((a, b) => b.length - a.length)
    .map((form) =>
      form.length >= minInsideWord
        ? form
        : new RegExp(`(?<![A-Za-z0-9])${escapeRegExp(form)}(?![A-Za-z0-9])`, "g"),
    );
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/**
 * The ways in which a value gets into a text: as it is, a line of it, in a URL, in JSON, in base64; bytes in base64 or hex.
 */
function formsOf(value: string | Uint8Array): readonly string[] {
  if (typeof value !== "string") {
    const bytes = Buffer.from(value);
    return [
      bytes.toString("base64").replace(/=+$/, ""),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
    ];
  }
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  return [value, value.trim(), ...lines.filter((line) => !line.startsWith("-----"))].flatMap((each) => [
    each,
    encodeURIComponent(each),
    JSON.stringify(each).slice(1, -1),
    Buffer.from(each).toString("base64").replace(/=+$/, ""),
  ]);
}

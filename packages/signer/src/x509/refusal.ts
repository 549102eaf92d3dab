/**
 * What the inner rooms of the toolkit throw: foreign bytes are not acceptable. The outer rooms turn it into the error of
 * the closed set that fits (`InvalidCsrError` for a request, `BadCertificateError` for a certificate).
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** What whoever made the bytes can do about it; undefined where the outer room knows better. */
  readonly remedy: string | undefined;

  constructor(problem: string, remedy?: string) {
    super(problem);
    this.remedy = remedy;
  }
}

type Translated = new (message: string, options: { cause: unknown }) => Error;

/** Runs `read`, turning a {@link Refusal} into `Translated` with one line: what, why, what to do. */
export function translateRefusal<T>(
  translated: Translated,
  what: string,
  defaultRemedy: string,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new translated(`${what}: ${error.message}; ${error.remedy ?? defaultRemedy}`, { cause: error });
  }
}

/** Foreign text made safe for a one-line message: printable ASCII only, at most 64 characters, in quotes. */
export function quoteForeign(text: string): string {
  const printable = text.slice(0, 65).replace(/[^\x20-\x7e]|["\\]/g, "?");
  return printable.length > 64 ? `"${printable.slice(0, 61)}..."` : `"${printable}"`;
}

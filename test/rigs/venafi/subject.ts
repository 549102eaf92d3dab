import type { Csr } from "@countersign/issuer-core";

/** The values of a CSR's subject by their short names (`O`, `OU`, `L`, `ST`, `C`, `CN`), in the order of the encoding. */
export function subjectValues({ subject }: Csr, type: string): string[] {
  const values: string[] = [];
  // The toolkit gives the subject as RFC 4514 text: most specific first, specials escaped by a backslash.
  for (const [, name, value = ""] of subject.matchAll(/(?:^|[,+])([A-Z]+|[\d.]+)=((?:\\.|[^,+\\])*)/gsu))
    if (name === type) values.unshift(unescaped(value));
  return values;
}

function unescaped(value: string): string {
  return value.replace(/\\([0-9a-f]{2}|.)/gs, (_match, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
}

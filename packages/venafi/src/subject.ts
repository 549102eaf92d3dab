import type { Csr } from "@countersign/issuer-signer";

/** The values of an attribute of a CSR's subject by its short name (`O`, `OU`, `L`, `ST`, `C`), as RFC 4514 text without escapes. */
export function subjectValues({ subject }: Pick<Csr, "subject">, type: string): readonly string[] {
  const attributes = subject.matchAll(/(?:^|[,+])([A-Z]+|\d[\d.]*)=((?:\\.|[^,+\\])*)/gsu);
  return [...attributes].flatMap(([, name, value = ""]) => (name === type ? [unescaped(value)] : []));
}

function unescaped(value: string): string {
  return value.replace(/\\([0-9a-f]{2}|.)/gisu, (_, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
}

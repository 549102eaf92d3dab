/** Words made safe for a one-line message: printable ASCII, at most 64 characters. */
export function quoted(text: string): string {
  const printable = text.slice(0, 65).replace(/[^\x20-\x7e]|["\\]/g, "?");
  return printable.length > 64 ? `"${printable.slice(0, 61)}..."` : `"${printable}"`;
}

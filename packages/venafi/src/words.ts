/** Longest text of the vendor's that is shown, in characters: the whole message has 1 KiB. */
const maxShown = 300;

/**
 * What Venafi says in a field that is documented to be read by people (`Error`, `Status`, `error_description`, `message`, the
 * status line), made safe for a message of one line: printable ASCII, in double quotes. Bodies are never shown.
 */
export function inQuotes(text: string): string {
  const printable = text
    .slice(0, maxShown + 1)
    .trim()
    .replace(/[^\x20-\x7e]/g, "?")
    .replaceAll('"', "'");
  return printable.length > maxShown ? `"${printable.slice(0, maxShown - 3)}..."` : `"${printable}"`;
}

/** ` It said "…".`, or nothing where nothing was said: to follow a sentence. */
export function itSaid(text: string | undefined): string {
  return text === undefined || text.trim() === "" ? "" : ` It said ${inQuotes(text)}.`;
}

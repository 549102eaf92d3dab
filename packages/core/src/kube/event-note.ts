/** Longest note of an event in bytes (events.k8s.io/v1 validation). */
export const maxNoteBytes = 1024;

/** Control characters, line separators and what reverses the direction of text: a terminal shows events as they are. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** A text as the note of an event: one printable line of at most 1 KiB, cut between characters. */
export function eventNote(text: string): string {
  const line = text.toWellFormed().replace(unprintable, " ").trim();
  const bytes = Buffer.from(line, "utf8");
  if (bytes.length <= maxNoteBytes) return line;
  const ellipsis = "…";
  let end = maxNoteBytes - Buffer.byteLength(ellipsis);
  // Bytes 10xxxxxx continue a character (RFC 3629 §3).
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString("utf8") + ellipsis;
}

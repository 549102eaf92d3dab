/** Text beyond this is never shown: messages end at 1 KiB. */
const maxTextLength = 16_384;

const mark = "[redacted]";

/**
 * What looks like a credential, each as a pattern that runs in linear time, with what takes its place. A colon alone does
 * not make one, since prose has it too: `invalid token: expired` stays.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  // RFC 7468; a block that was cut ends where the text does.
  [/-----BEGIN [A-Z0-9 ]{1,64}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,64}-----|$)/g, mark],
  // RFC 3986 §3.2.1.
  [/\b([a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/?#@"']{1,1024}@/gi, `$1${mark}@`],
  // Header fields that carry credentials, to the end of the line or of the quotation.
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,30}(?:token|key|secret)|(?:private|api)-(?:token|key))(["']?\s{0,8}:\s{0,8}["']?)[^\r\n"']+/gi,
    `$1$2${mark}`,
  ],
  // JWT, and Vault's tokens.
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, mark],
  [/\bhv[sbr]\.[\w-]{8,}/g, mark],
  // name=value of forms and queries.
  [
    /\b((?:[a-z]{1,20}[-_])?(?:pass(?:word|wd|phrase)?|pwd|pin|secret|token|api[-_]?key|(?:access|client|private)[-_]?key|credentials?|session(?:[-_]?id)?|assertion|signature)(?:[-_]value)?\s{0,8}=\s{0,8})(?!\[redacted)(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&)}\]"']+)/gi,
    `$1${mark}`,
  ],
  // "name":"value" of JSON.
  [
    /("[a-z_-]{0,24}(?:pass(?:word|wd|phrase)?|pwd|pin|secret|token|key|credentials?|session|assertion)[a-z_-]{0,12}"\s{0,8}:\s{0,8})(?!\[redacted)(?:"(?:[^"\\]|\\.)*"?|[^\s,}\]"']+)/gi,
    `$1${mark}`,
  ],
  [/\b(pass(?:word|wd|phrase)|pwd|pin)(:\s{0,8})(?!\[redacted)[^\s,;]{4,}/gi, `$1$2${mark}`],
];

/** An authentication scheme and its token (RFC 9110 §11.1). */
const schemeToken = /\b(bearer|basic|negotiate|ntlm|digest|token)(\s{1,8})([A-Za-z0-9._~+/=-]{8,})/gi;

/** A word of prose has no digit, no padding and no capital after its first letter. */
function looksOpaque(word: string): boolean {
  return /[\d=]|[a-z][A-Z]|[A-Z]{2}/.test(word);
}

/** Runs of base64 (RFC 4648 §4 and §5) that are long enough for a key, a certificate or an opaque token. */
const base64Run = /[A-Za-z0-9+/_-]{32,}={0,2}/g;

/** Names, paths, UUIDs and hexadecimal digests have long parts too, but none that mixes both cases and digits. */
function looksRandom(run: string): boolean {
  return run
    .split(/[/_-]/)
    .some((part) => part.length >= 16 && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part));
}

/**
 * Removes what looks like a credential from a text that authors or servers wrote, before people see it in a log, an event
 * or a status: PEM blocks, passwords in URLs, header fields, tokens and long base64. A second line of defence: errors
 * should not hold any in the first place. Applying it twice changes nothing more.
 */
export function redact(text: string): string {
  let result =
    text.length <= maxTextLength
      ? text
      : // A credential must not survive because the cut made it short.
        text.slice(0, maxTextLength).replace(/\S{1,512}$/, "…");
  for (const [pattern, replacement] of patterns) result = result.replace(pattern, replacement);
  result = result.replace(schemeToken, (all, scheme: string, space: string, token: string) =>
    looksOpaque(token) ? `${scheme}${space}${mark}` : all,
  );
  return result.replace(base64Run, (run) => (looksRandom(run) ? mark : run));
}

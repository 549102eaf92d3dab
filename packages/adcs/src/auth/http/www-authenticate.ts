/** One way of authentication that a server offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** What follows in base64, decoded; undefined where nothing or something else does. */
  readonly token: Uint8Array | undefined;
}

/** Longest header that is looked at: Node's own limit of a head is the client's, 16 KiB. */
const maxLength = 64 * 1024;

/**
 * Reads `WWW-Authenticate` (RFC 9110 §11.6.1), whose lines Node has joined by commas. Parameters are of no use here.
 */
export function readChallenges(header: string | readonly string[] | undefined): readonly Challenge[] {
  const text = typeof header === "string" ? header : (header ?? []).join(", ");
  const parts = text.slice(0, maxLength).match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  return parts.flatMap((part): readonly Challenge[] => {
    const [, scheme, rest] = /^\s*([A-Za-z][\w-]*)(?:\s+(.*?))?\s*$/.exec(part) ?? [];
    if (scheme === undefined) return [];
    const isToken = rest !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(rest);
    return [{ scheme: scheme.toLowerCase(), token: isToken ? Buffer.from(rest, "base64") : undefined }];
  });
}

/** The token of a scheme, if the server sent one. */
export function tokenFor(scheme: string, challenges: readonly Challenge[]): Uint8Array | undefined {
  const wanted = scheme.toLowerCase();
  return challenges.find((challenge) => challenge.scheme === wanted && challenge.token !== undefined)?.token;
}

/** The schemes that are offered, for a message: known ones only, since foreign words belong in no status. */
export function offeredSchemes(challenges: readonly Challenge[]): string {
  const known = ["Negotiate", "Kerberos", "NTLM", "Basic", "Digest", "Bearer"];
  const offered = known.filter((name) => challenges.some(({ scheme }) => scheme === name.toLowerCase()));
  return offered.join(", ") || "no known scheme";
}

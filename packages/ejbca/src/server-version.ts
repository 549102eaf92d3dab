/** The version of an EJBCA, as its status resource tells it. It tells nothing of the edition. */
export interface ServerVersion {
  /** Such as `8.2.0.1`. */
  readonly text: string;
  readonly parts: readonly number[];
}

/** Reads `revision` of a status resource, such as `EJBCA 8.2.0.1 Enterprise (working copy)`; undefined if it is none. */
export function readVersion(revision: unknown): ServerVersion | undefined {
  const text =
    typeof revision === "string" ? /^EJBCA (\d{1,4}(?:\.\d{1,4}){1,4})\b/.exec(revision)?.[1] : undefined;
  return text === undefined ? undefined : { text, parts: text.split(".").map(Number) };
}

/** Whether the version is that one or a newer one; false for an unknown one. */
export function isAtLeast(version: ServerVersion | undefined, ...wanted: readonly number[]): boolean {
  if (version === undefined) return false;
  for (const [at, number] of wanted.entries()) {
    const part = version.parts[at] ?? 0;
    if (part !== number) return part > number;
  }
  return true;
}

/** What depends on the version: older ones ignore unknown fields of a request without a word. */
export const features = Object.freeze({
  /** `end_time` of pkcs10enroll takes effect, where the certificate profile has Allow Validity Override. */
  endTime: [9, 3, 3],
  /** `extension_data` and `custom_data` are known. */
  endEntityData: [9, 0],
} as const);

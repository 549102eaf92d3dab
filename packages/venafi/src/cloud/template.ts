import { objectList, textField, textList, type VenafiAnswer } from "../answer.ts";

/** Keys that a template allows. */
export interface AllowedKeys {
  /** `RSA` or `EC`. */
  readonly keyType: string;
  /** Bits, for RSA. */
  readonly lengths: readonly number[];
  /** Such as `P256`, for EC. */
  readonly curves: readonly string[];
}

/** What an issuing template says that an issuer can judge beforehand. */
export interface IssuingTemplate {
  readonly id: string;
  /** Regular expressions, of which each value must match one as a whole. Undefined where nothing is said. */
  readonly patterns: Readonly<Record<TemplatePattern, readonly string[] | undefined>>;
  readonly keyTypes: readonly AllowedKeys[];
  readonly csrUploadAllowed: boolean;
}

/** The lists of patterns, and the field of each. */
const patternFields = Object.freeze({
  commonName: "subjectCNRegexes",
  organization: "subjectORegexes",
  organizationalUnit: "subjectOURegexes",
  state: "subjectSTRegexes",
  locality: "subjectLRegexes",
  country: "subjectCValues",
  dns: "sanRegexes",
  email: "sanRfc822NameRegexes",
  ip: "sanIpAddressRegexes",
  uri: "sanUniformResourceIdentifierRegexes",
});

/** What a pattern is about. */
export type TemplatePattern = keyof typeof patternFields;

/** Reads a `certificateissuingtemplates` answer; undefined where it is none. */
export function readTemplate({ json }: VenafiAnswer): IssuingTemplate | undefined {
  const id = textField(json, "id");
  if (id === undefined) return undefined;
  const patterns = Object.entries(patternFields).map(([name, field]) => [
    name,
    Array.isArray(json?.[field]) ? textList(json, field) : undefined,
  ]);
  return {
    id,
    patterns: Object.fromEntries(patterns) as IssuingTemplate["patterns"],
    keyTypes: objectList(json, "keyTypes").map((entry) => ({
      keyType: textField(entry, "keyType") ?? "",
      lengths: Array.isArray(entry.keyLengths)
        ? entry.keyLengths.filter((length) => typeof length === "number")
        : [],
      curves: textList(entry, "keyCurves"),
    })),
    csrUploadAllowed: json?.csrUploadAllowed !== false,
  };
}

// A scalar that neither YAML 1.1 (kubectl) nor 1.2 reads as anything but a string when it stands without quotes.
const plain = /^[A-Za-z][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*$/;
const ambiguous = /^(y|n|yes|no|on|off|true|false|null|e\d+)$/i;
// Legal in JSON, but a line break, a byte order mark or a control character to YAML.
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function scalar(value: unknown): string {
  // YAML 1.1 takes an exponent after a decimal point only.
  if (typeof value === "number") return JSON.stringify(value).replace(/^(-?\d+)e/, "$1.0e");
  if (typeof value !== "string") return JSON.stringify(value);
  if (plain.test(value) && !ambiguous.test(value)) return value;
  return JSON.stringify(value).replace(
    unprintable,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

/** The lines of a non-empty object or array, without indent. */
function block(value: object): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => {
      if (!isCollection(item)) return [`- ${scalar(item)}`];
      return block(item).map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`));
    });
  }
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    if (item === undefined) return [];
    if (!isCollection(item)) return [`${scalar(key)}: ${scalar(item)}`];
    return [`${scalar(key)}:`, ...block(item).map((line) => `  ${line}`)];
  });
}

/**
 * Writes objects of plain JSON data as a stream of YAML documents in block style: the same text for the same data, keys
 * in their own order, and the same reading by YAML 1.1 and 1.2.
 */
export function toYaml(objects: readonly object[]): string {
  return objects
    .map((object) => `---\n${isCollection(object) ? block(object).join("\n") : scalar(object)}\n`)
    .join("");
}

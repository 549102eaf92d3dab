const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const KEY = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/**
 * What is wrong with a DNS subdomain (RFC 1123), in the server's words; empty when nothing is. The words for names count
 * characters, those for prefixes of label keys bytes.
 */
export function subdomainProblems(text: string, unit = "characters"): string[] {
  return [
    ...(text.length > 253 ? [`must be no more than 253 ${unit}`] : []),
    ...(SUBDOMAIN.test(text) ? [] : [SUBDOMAIN_TEXT]),
  ];
}

/** What is wrong with a DNS label (RFC 1123). */
export function dnsLabelProblems(text: string): string[] {
  const problems = text.length > 63 ? ["must be no more than 63 characters"] : [];
  if (DNS_LABEL.test(text)) return problems;
  return [...problems, SUBDOMAIN.test(text) ? "must not contain dots" : DNS_LABEL_TEXT];
}

/** What is wrong with a label key: a name of up to 63 characters with an optional DNS prefix. */
export function labelKeyProblems(key: string): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [
      `a valid label key ${KEY_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [prefix, name = ""] = parts.length === 2 ? parts : [undefined, key];
  const problems = prefix === undefined ? [] : prefixProblems(prefix);
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > 63) problems.push("name part must be no more than 63 bytes");
  if (!KEY.test(name)) problems.push(`name part ${KEY_TEXT}`);
  return problems;
}

/** What is wrong with a label value. */
export function labelValueProblems(value: string): string[] {
  return [
    ...(value.length > 63 ? ["must be no more than 63 bytes"] : []),
    ...(VALUE.test(value) ? [] : [VALUE_TEXT]),
  ];
}

function prefixProblems(prefix: string): string[] {
  return prefix === ""
    ? ["prefix part must be non-empty"]
    : subdomainProblems(prefix, "bytes").map((problem) => `prefix part ${problem}`);
}

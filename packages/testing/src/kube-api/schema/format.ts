/**
 * The string formats that the API server checks (kube-openapi strfmt); a format that is not listed is not checked,
 * as there.
 */
const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["datetime", isDateTime],
  ["date", (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))],
  [
    "byte",
    (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text),
  ],
  ["duration", isDuration],
  ["uri", (text) => /^\//.test(text) || URL.canParse(text)],
  ["email", (text) => /^[^\s@]+@[^\s@]+$/.test(text)],
  ["hostname", (text) => text.length <= 255 && /^([A-Za-z0-9_]([A-Za-z0-9_-]{0,62})\.?)+$/.test(text)],
  ["ipv4", (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text)],
  ["ipv6", (text) => text.includes(":") && URL.canParse(`http://[${text}]/`)],
  ["uuid", (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text)],
]);

/** True when `text` satisfies the format, or when the server does not know the format. */
export function matchesFormat(format: string, text: string): boolean {
  return FORMATS.get(format.replaceAll("-", ""))?.(text) ?? true;
}

function isDateTime(text: string): boolean {
  const parts = /^(\d{4}-\d{2}-\d{2})[tT](\d{2}):(\d{2}):(\d{2})([.,]\d+)?([zZ]|[+-]\d{2}:?\d{2})$/.exec(
    text,
  );
  if (!parts) return false;
  const [, date = "", hour = "", minute = "", second = ""] = parts;
  return !Number.isNaN(Date.parse(date)) && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 61;
}

/** Go's time.ParseDuration, or a number followed by a word unit. */
function isDuration(text: string): boolean {
  return (
    /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text) ||
    /^\d+\s*(nanoseconds?|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?)$/.test(text) ||
    text === "0"
  );
}

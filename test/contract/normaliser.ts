const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const microInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const severalCauses = /is invalid: \[.*\]$/s;

interface Fields {
  readonly [field: string]: unknown;
}

/**
 * Replaces what differs between two runs of one case. Identities keep their identity: the same uid or
 * resourceVersion of an object becomes the same label, so "unchanged" and "changed" stay visible. A list's
 * resourceVersion is the whole store's, moved by anybody, and gets one label for all.
 */
export class Normaliser {
  readonly #suffix: string;
  readonly #labels = new Map<string, Map<string, string>>();

  constructor(suffix: string) {
    this.#suffix = suffix;
  }

  normalise(value: unknown): unknown {
    if (typeof value === "string") return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.normalise(item));
    if (typeof value === "object" && value !== null) return this.#object(value as Fields);
    return value;
  }

  #object(value: Fields): unknown {
    const { generateName, name } = value;
    if (typeof name === "string" && typeof generateName === "string" && name.length > 5) {
      if (generateName.startsWith(name.slice(0, -5))) this.#label("generated", name);
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.#text(key), this.#field(key, item, value)]),
    );
  }

  #field(key: string, value: unknown, parent: Fields): unknown {
    if (key === "resourceVersion" && typeof value === "string" && value !== "") {
      return "uid" in parent ? this.#label("rv", value) : "<store rv>";
    }
    if (key === "causes" && Array.isArray(value)) return this.normalise(value.toSorted(byField));
    if (key === "message" && typeof value === "string")
      return this.#text(value.replace(severalCauses, "is invalid: [<causes>]"));
    if (key === "continue" && typeof value === "string" && value !== "") return "<continue>";
    if (key === "managedFields" && Array.isArray(value)) return this.normalise(value.toSorted(byManager));
    return this.normalise(value);
  }

  #text(value: string): string {
    if (instant.test(value)) return "<time>";
    if (microInstant.test(value)) return "<microtime>";
    let text = value.replace(jwt, "<token>").replace(uuid, (found) => this.#label("uid", found));
    for (const [name, label] of this.#labelsOf("generated")) text = text.replaceAll(name, label);
    return text
      .replaceAll(this.#suffix, "<suffix>")
      .replace(/in record \(\d+\)/, "in record (<rv>)")
      .replace(/([?&])continue=[^&]*/g, "$1continue=<continue>")
      .replace(/([?&])resourceVersion=[1-9]\d*/g, "$1resourceVersion=<rv>");
  }

  #label(kind: string, value: string): string {
    const labels = this.#labelsOf(kind);
    const label = labels.get(value) ?? `<${kind} ${labels.size + 1}>`;
    labels.set(value, label);
    return label;
  }

  #labelsOf(kind: string): Map<string, string> {
    const labels = this.#labels.get(kind) ?? new Map<string, string>();
    this.#labels.set(kind, labels);
    return labels;
  }
}

/** Several violations of a schema come in the order of a Go map. */
function byField(left: Fields, right: Fields): number {
  return `${left.field} ${left.message}`.localeCompare(`${right.field} ${right.message}`);
}

/** The server orders entries by operation, then by second: an order that depends on when the second turned. */
function byManager(left: Fields, right: Fields): number {
  return order(left).localeCompare(order(right));
}

function order({ operation, manager, subresource, apiVersion }: Fields): string {
  return [operation, manager, subresource, apiVersion].join(" ");
}

import { IssuerError, type SignRequest } from "@countersign/issuer-signer";

/** cert-manager writes the name of the Certificate here. */
const certificateNameAnnotation = "cert-manager.io/certificate-name";

/** What a placeholder stands for, and whether whoever makes the request chooses it. */
interface Placeholder {
  readonly chosen: boolean;
  readonly value: (request: SignRequest) => string | undefined;
}

/** The placeholders of templates. A cluster-scoped request has the namespace `_`, which is the name of none. */
export const placeholders = Object.freeze({
  namespace: { chosen: false, value: ({ namespace }) => (namespace === "" ? "_" : namespace) },
  uid: { chosen: false, value: ({ uid }) => uid },
  name: { chosen: true, value: ({ name }) => name },
  certificate: { chosen: true, value: ({ annotations }) => annotations[certificateNameAnnotation] },
  commonName: { chosen: true, value: ({ parsedCsr }) => parsedCsr.commonName },
  dns: { chosen: true, value: ({ parsedCsr }) => parsedCsr.names.dns[0] },
  uri: { chosen: true, value: ({ parsedCsr }) => parsedCsr.names.uri[0] },
  ip: { chosen: true, value: ({ parsedCsr }) => parsedCsr.names.ip[0] },
  email: { chosen: true, value: ({ parsedCsr }) => parsedCsr.names.email[0] },
} satisfies Readonly<Record<string, Placeholder>>);

/** The name of a placeholder. */
export type PlaceholderName = keyof typeof placeholders;

/** A piece of a template: text, or the first of these placeholders that the request has a value for. */
export type TemplatePart =
  | { readonly text: string; readonly names?: undefined }
  | { readonly names: readonly PlaceholderName[]; readonly text?: undefined };

function isPlaceholder(name: string): name is PlaceholderName {
  return Object.hasOwn(placeholders, name);
}

/**
 * Reads a template such as `{namespace}.{commonName|dns}`.
 *
 * @throws IssuerError for an unknown placeholder or a brace alone
 */
export function parseTemplate(field: string, template: string): readonly TemplatePart[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      if (!piece.startsWith("{")) {
        if (/[{}]/.test(piece)) throw wrong(field, "has a brace that is not one of a pair");
        return { text: piece };
      }
      const names = piece.slice(1, -1).split("|");
      if (!names.every(isPlaceholder)) throw wrong(field, "names something unknown in braces");
      return { names };
    });
}

function wrong(field: string, problem: string): IssuerError {
  const known = Object.keys(placeholders).join(", ");
  return new IssuerError(
    `The issuer's ${field} ${problem}. Between braces stand: ${known}, or several with "|".`,
  );
}

/**
 * The text for one request; undefined where it has no value for a placeholder.
 *
 * @param clean is applied to each value, not to the template's own text
 */
export function renderTemplate(
  parts: readonly TemplatePart[],
  request: SignRequest,
  clean: (value: string) => string = (value) => value,
): string | undefined {
  let text = "";
  for (const part of parts) {
    if (part.names === undefined) {
      text += part.text;
      continue;
    }
    const value = part.names
      .map((name) => placeholders[name].value(request))
      .find((candidate) => candidate !== undefined && candidate !== "");
    if (value === undefined) return undefined;
    text += clean(value);
  }
  return text;
}

import type { SignRequest } from "@countersign/issuer-signer";

/** Names that a template may use, and what they stand for. */
const placeholders: Readonly<Record<string, (request: SignRequest, attemptId: string) => string>> =
  Object.freeze({
    commonName: ({ parsedCsr: { commonName, names } }) =>
      commonName ?? names.dns[0] ?? names.uri[0] ?? names.email[0] ?? names.ip[0] ?? "certificate",
    namespace: ({ namespace }) => namespace,
    name: ({ name }) => name,
    uid: ({ uid }) => uid,
    attempt: (_, attemptId) => attemptId,
  });

/** The template unless the issuer has one: people find the name in it, and no two requests have the same. */
export const defaultObjectName = "{commonName} {attempt}";

/** What a template may look like: text with `{commonName}`, `{namespace}`, `{name}`, `{uid}` and `{attempt}`. */
export const objectNamePattern = /^([A-Za-z0-9 ._@-]|\{(commonName|namespace|name|uid|attempt)\})+$/;

/** Longest name of an object, in characters; a common name has up to 64 and an attempt 36. */
const maxLength = 255;
/** Longest text in the place of one placeholder. */
const maxPart = 120;

/** The name of the certificate object for a request: the same for every attempt. */
export function objectName(template: string, request: SignRequest, attemptId: string): string {
  const name = template.replace(/\{(\w+)\}/g, (_, key: string) =>
    safe(placeholders[key]?.(request, attemptId) ?? ""),
  );
  return name.trim().slice(0, maxLength);
}

/** Whether no other request can have the same object: the attempt follows from uid and CSR. */
export function isUniqueToRequest(template: string): boolean {
  return /\{(attempt|uid)\}/.test(template);
}

/** A name may have no backslash, which parts folders; what else TPP refuses in one is not documented. */
function safe(text: string): string {
  return text.slice(0, maxPart).replace(/[^A-Za-z0-9 ._@*-]/g, "-");
}

import { createHash } from "node:crypto";
import { IssuerError, RequestRejected, type SignRequest } from "@countersign/issuer-signer";
import { parseTemplate, placeholders, renderTemplate, type TemplatePart } from "./template.ts";

/** One end entity for each request: it says whose it is, nobody else can have it, and a crash does not change it. */
export const defaultEndEntityName = "{namespace}.{name}.{uid}";

/** Length of EJBCA's column; a longer username is answered with a bare 500. */
const maxLength = 250;

/** EJBCA replaces these by a slash in usernames, and trims blanks: what is looked for must be what was stored. */
const rewritten = /[;%<>`?$!\r\n]/;

/** Usernames of end entities by the issuer's template. */
export class EndEntityNames {
  readonly #parts: readonly TemplatePart[];
  readonly #template: string;

  /**
   * @param allowRequested lets requesters choose the whole name
   * @throws IssuerError for a malformed template, and one that would let requesters name another's end entity
   */
  constructor(template: string, allowRequested: boolean) {
    this.#template = template;
    this.#parts = parseTemplate("endEntityName", template);
    if (rewritten.test(template) || template.trim() !== template)
      throw new IssuerError(
        "The issuer's endEntityName has blanks at an end or one of ; % < > ` ? $ ! which EJBCA replaces. Leave them out.",
      );
    if (!allowRequested && !isTenantSafe(this.#parts))
      throw new IssuerError(
        "The issuer's endEntityName lets requesters name any end entity, which EJBCA would overwrite. Begin it with {namespace} and a dot, or add {uid}; allowRequestedEndEntities takes it as it is.",
      );
  }

  /** Whether no two requests have the same name, so that each end entity belongs to one request. */
  get isUniquePerRequest(): boolean {
    return this.#parts.some(({ names }) => names?.length === 1 && names[0] === "uid");
  }

  /** The username for a request: always the same. Throws a RequestRejected where the request has no value for it. */
  nameFor(request: SignRequest): string {
    const text = renderTemplate(this.#parts, request, (value) => value.replace(/[^A-Za-z0-9._@:*/-]/g, "_"));
    if (text === undefined)
      throw new RequestRejected(
        `The issuer names end entities by ${JSON.stringify(this.#template)}, and the request lacks a value for it. Add one to the Certificate, or name alternatives in the issuer's endEntityName.`,
      );
    const plain = renderTemplate(this.#parts, request) ?? text;
    if (plain === text && text.length <= maxLength) return text;
    // What was replaced or cut off still tells names apart.
    const digest = createHash("sha256").update(plain).digest("hex").slice(0, 16);
    return `${text.slice(0, maxLength - digest.length - 1)}-${digest}`;
  }
}

/**
 * Whether nobody can make a request whose end entity is that of another namespace, or one that was there before. A uid is
 * given by the API server. A namespace in front is told from what follows by a character that no namespace has.
 */
function isTenantSafe(parts: readonly TemplatePart[]): boolean {
  const names = parts.flatMap((part) => part.names ?? []);
  if (!names.some((name) => placeholders[name].chosen)) return true;
  if (parts.some((part) => part.names?.length === 1 && part.names[0] === "uid")) return true;
  const first = parts.findIndex((part) => part.names !== undefined);
  const isNamespace = parts[first]?.names?.length === 1 && parts[first].names[0] === "namespace";
  return isNamespace && /^[^a-z0-9-]/.test(parts[first + 1]?.text ?? "");
}

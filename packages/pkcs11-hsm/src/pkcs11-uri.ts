import { IssuerError } from "@countersign/issuer-signer";
import type { HsmKeyRef } from "./hsm-key.ts";
import type { TokenSelector } from "./protocol.ts";

/** What a PKCS#11 URI says of a token, a key and a module. */
export interface Pkcs11Uri {
  readonly token: TokenSelector;
  readonly key: HsmKeyRef;
  readonly modulePath: string | undefined;
}

const known = ["token", "serial", "model", "object", "id", "type", "module-path"] as const;
type Attribute = (typeof known)[number];

/** Why an attribute of RFC 7512 is not taken. */
const refused: Readonly<Record<string, string>> = Object.freeze({
  "pin-value": "a PIN does not belong into a URI; put it into a Secret",
  "pin-source": "name the PIN by a Secret or by the operator's name for it",
  "slot-id": "slot numbers change when a token is initialised; use token or serial",
  "slot-description": "slots change; use token or serial",
  "slot-manufacturer": "slots change; use token or serial",
  "library-description": "use module-path",
  "library-manufacturer": "use module-path",
  "library-version": "use module-path",
  "module-name": "use module-path",
  manufacturer: "use token or serial",
});

const maxLength = 2048;

/**
 * Reads a PKCS#11 URI (RFC 7512), such as `pkcs11:token=ca1;object=issuing-ca;id=%01`. Strict: an attribute that is not
 * used is refused and not passed over, as the key that was meant might be another one. Throws an {@link IssuerError}.
 */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  if (uri.length > maxLength) throw refuse(`it has ${uri.length} characters; at most ${maxLength} are read`);
  const [, path, query] = /^pkcs11:([^?]*)(?:\?(.*))?$/s.exec(uri) ?? [];
  if (path === undefined) throw refuse("it does not begin with pkcs11:");
  const attributes = new Map<Attribute, Buffer>();
  const take = (text: string, inQuery: boolean) => {
    const [, name = "", value = ""] = /^([a-z0-9_-]+)=(.*)$/s.exec(text) ?? [];
    if (name === "") throw refuse("an attribute has no name or no value");
    const reason = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (reason !== undefined) throw refuse(`it has ${name}: ${reason}`);
    const attribute = known.find((each) => each === name);
    if (attribute === undefined || (attribute === "module-path") !== inQuery)
      throw refuse(`${name.slice(0, 64)} is no attribute that is used at that place`);
    if (attributes.has(attribute)) throw refuse(`${name} is there twice`);
    attributes.set(attribute, decode(name, value, inQuery));
  };
  for (const text of path === "" ? [] : path.split(";")) take(text, false);
  for (const text of query === undefined ? [] : query.split("&")) take(text, true);

  const text = (name: Attribute): string | undefined => {
    const value = attributes.get(name);
    if (value === undefined) return undefined;
    const decoded = value.toString("utf8");
    if (!Buffer.from(decoded).equals(value) || decoded.includes("\0"))
      throw refuse(`${name} is not UTF-8 text`);
    return decoded;
  };
  const type = text("type");
  if (type !== undefined && type !== "private") throw refuse("its type is not private");
  return {
    token: { label: text("token"), serial: text("serial"), model: text("model") },
    key: { id: attributes.get("id")?.toString("hex"), label: text("object") },
    modulePath: text("module-path"),
  };
}

/** RFC 7512 §2.3: unreserved characters and some more stand for themselves; the query allows `/` and `?` beside. */
function decode(name: string, value: string, inQuery: boolean): Buffer {
  const allowed = inQuery
    ? /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=/?|]|%[0-9A-Fa-f]{2})*$/
    : /^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&]|%[0-9A-Fa-f]{2})*$/;
  if (value === "") throw refuse(`${name} is empty`);
  if (!allowed.test(value)) throw refuse(`${name} has a character that must be percent-encoded`);
  return Buffer.from(
    value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

function refuse(problem: string): IssuerError {
  return new IssuerError(`the PKCS#11 URI is refused: ${problem}; see RFC 7512`);
}

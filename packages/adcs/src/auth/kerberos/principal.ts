import { type DerElement, derSequence, readSequence } from "@countersign/issuer-signer/der";
import { derInteger, derString, fieldSequence, readFields, readInteger, readString } from "./kerberos-der.ts";

/** Types of names (RFC 4120 §6.2, RFC 6806 §5). */
export const nameTypes = Object.freeze({ principal: 1, serviceInstance: 2, serviceHost: 3, enterprise: 10 });

/** A name without its realm. */
export interface PrincipalName {
  readonly type: number;
  readonly parts: readonly string[];
}

/**
 * A user: `svc`, or a user principal name `svc@corp.example.com`, which the KDC looks up itself (an enterprise name).
 */
export function userName(username: string): PrincipalName {
  return username.includes("@")
    ? { type: nameTypes.enterprise, parts: [username] }
    : { type: nameTypes.principal, parts: username.split("/") };
}

/** The service that gives tickets for a realm. */
export function ticketService(realm: string): PrincipalName {
  return { type: nameTypes.serviceInstance, parts: ["krbtgt", realm] };
}

/** A name for people. */
export function nameText({ parts }: PrincipalName): string {
  return parts.join("/");
}

/** PrincipalName. */
export function derName({ type, parts }: PrincipalName): Uint8Array {
  return fieldSequence({ 0: derInteger(type), 1: derSequence(...parts.map(derString)) });
}

/** PrincipalName. */
export function readName(element: DerElement | undefined, what: string): PrincipalName {
  const fields = readFields(element, what);
  const parts = readSequence(fields.get(1), what).map((part) => readString(part, what));
  return { type: readInteger(fields.get(0), what), parts };
}

import type { KerberosKey } from "./encryption-type.ts";
import type { KdcReply, KdcReplySecret } from "./kdc-reply.ts";
import type { PrincipalName } from "./principal.ts";

/** A ticket, and what its holder knows of it. */
export interface Ticket {
  readonly client: PrincipalName;
  readonly clientRealm: string;
  readonly service: PrincipalName;
  /** Realm of the KDC that gave it. */
  readonly realm: string;
  /** DER, to be shown as it is. */
  readonly ticket: Uint8Array;
  readonly key: KerberosKey;
  /** Milliseconds since the epoch, by the KDC's clock. */
  readonly endTime: number;
}

/** The ticket of a reply. */
export function ticketOf({ client, clientRealm, ticket }: KdcReply, secret: KdcReplySecret): Ticket {
  const { service, realm, key, endTime } = secret;
  return { client, clientRealm, service, realm, ticket, key, endTime };
}

/** The realm whose tickets this ticket gives; undefined for a ticket of another service. */
export function givesTicketsOf({ service }: Ticket): string | undefined {
  const [kind, realm, ...rest] = service.parts;
  return kind === "krbtgt" && rest.length === 0 ? realm : undefined;
}

import { derOctetString, derSequence } from "@countersign/issuer-signer/der";
import {
  application,
  derEncrypted,
  derFlags,
  derInteger,
  derKerberosTime,
  derString,
  fieldSequence,
} from "./kerberos-der.ts";
import { derName } from "./principal.ts";
import type { Ticket } from "./ticket.ts";

/** What an AP-REQ proves, and for what. */
export interface ApRequestOptions {
  /** One of `keyUsages`. */
  readonly usage: number;
  readonly checksum: { readonly type: number; readonly value: Uint8Array };
  readonly mutual: boolean;
  /** AuthorizationData, DER. */
  readonly authorization?: Uint8Array | undefined;
  /** Microseconds since the epoch: two authenticators of one ticket must not have the same. */
  readonly time: number;
  /** 31 bits. */
  readonly sequence: number;
}

const mutualRequired = 0x2000_0000;

/** AP-REQ (RFC 4120 §5.5.1): the ticket, and that its key is known now. */
export function apRequest(ticket: Ticket, options: ApRequestOptions): Uint8Array {
  const { usage, checksum, mutual, authorization, time, sequence } = options;
  const { clientRealm, client, key } = ticket;
  const authenticator = application(
    2,
    fieldSequence({
      0: derInteger(5),
      1: derString(clientRealm),
      2: derName(client),
      3: fieldSequence({ 0: derInteger(checksum.type), 1: derOctetString(checksum.value) }),
      4: derInteger(time % 1_000_000),
      5: derKerberosTime(Math.floor(time / 1000)),
      7: derInteger(sequence),
      8: authorization,
    }),
  );
  return application(
    14,
    fieldSequence({
      0: derInteger(5),
      1: derInteger(14),
      2: derFlags(mutual ? mutualRequired : 0),
      3: ticket.ticket,
      4: derEncrypted(key.etype.number, key.etype.encrypt(key.value, usage, authenticator)),
    }),
  );
}

/** AD-IF-RELEVANT around one entry of AuthorizationData (RFC 4120 §5.2.6). */
export function ifRelevant(type: number, data: Uint8Array): Uint8Array {
  const list = derSequence(fieldSequence({ 0: derInteger(type), 1: derOctetString(data) }));
  return derSequence(fieldSequence({ 0: derInteger(1), 1: derOctetString(list) }));
}

import { IssuerError } from "@countersign/issuer-signer";
import { Refusal } from "@countersign/issuer-signer/der";
import { apRequest } from "./ap-request.ts";
import { encryptionTypes, keyUsages, WrongKey } from "./encryption-type.ts";
import { type KdcContext, wantedLifeMs } from "./kdc-context.ts";
import { readReplySecret } from "./kdc-reply.ts";
import { derRequestBody, kdcMessages, kdcRequest, paTypes } from "./kdc-request.ts";
import { krbCodes, krbErrorText } from "./krb-error.ts";
import { nameText, type PrincipalName, ticketService } from "./principal.ts";
import { givesTicketsOf, type Ticket, ticketOf } from "./ticket.ts";

/** A service, and its realm where it is known; otherwise the KDCs lead there. */
export interface KerberosService {
  readonly name: PrincipalName;
  readonly realm: string | undefined;
}

/** A forest of domains is seldom deeper than three. */
const maxRealms = 8;

/**
 * A ticket for a service (RFC 4120 §3.3), over other realms where the KDCs refer there (RFC 6806 §8). Throws an
 * `IssuerError` that names what is missing.
 */
export async function requestTicket(
  tgt: Ticket,
  { name, realm }: KerberosService,
  context: KdcContext,
): Promise<Ticket> {
  const passed: string[] = [];
  let current = tgt;
  for (;;) {
    const at = givesTicketsOf(current) ?? "";
    if (passed.includes(at) || passed.length === maxRealms)
      throw new IssuerError(
        `the KDCs send the login for ${nameText(name)} around (${[...passed, at].join(", ")}); name the realm of the service in the issuer's spec`,
      );
    passed.push(at);
    const isThere = realm === undefined || realm.toUpperCase() === at.toUpperCase();
    const wanted = isThere ? name : ticketService(realm.toUpperCase());
    const ticket = await ask(current, at, wanted, context);
    if (givesTicketsOf(ticket) === undefined) return ticket;
    current = ticket;
  }
}

async function ask(tgt: Ticket, realm: string, service: PrincipalName, context: KdcContext): Promise<Ticket> {
  const { kdcs, time, nonce, signal } = context;
  for (let isCorrected = false; ; isCorrected = true) {
    const sent = nonce();
    const body = derRequestBody({
      realm,
      service,
      till: time.now() + wantedLifeMs,
      nonce: sent,
      etypes: encryptionTypes.map(({ number }) => number),
    });
    const { etype, value } = tgt.key;
    const proof = apRequest(tgt, {
      usage: keyUsages.tgsAuthenticator,
      checksum: { type: etype.checksumType, value: etype.checksum(value, keyUsages.tgsBodyChecksum, body) },
      mutual: false,
      time: time.stamp(),
      sequence: nonce(),
    });
    const message = kdcRequest(kdcMessages.tgsRequest, body, [{ type: paTypes.tgsRequest, value: proof }]);
    const reply = await kdcs.exchange(realm, message, kdcMessages.tgsReply, signal);
    if ("ticket" in reply) {
      const secret = readReplySecret(decrypt(tgt, reply.secret.cipher));
      if (secret.nonce !== sent) throw new Refusal("the KDC's reply is to another request");
      return ticketOf(reply, secret);
    }
    if (reply.code !== krbCodes.skew || isCorrected)
      throw new IssuerError(
        `the KDC of ${realm} gives no ticket for ${nameText(service)}: ${krbErrorText(reply.code)}`,
      );
    time.correct(reply.serverTime);
  }
}

function decrypt({ key }: Ticket, cipher: Uint8Array): Uint8Array {
  try {
    return key.etype.decrypt(key.value, keyUsages.tgsReply, cipher);
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
    throw new Refusal("the KDC's reply was not made with the key of the session");
  }
}

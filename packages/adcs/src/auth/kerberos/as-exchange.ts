import { IssuerError } from "@countersign/issuer-signer";
import { Refusal, readDer } from "@countersign/issuer-signer/der";
import { CredentialRefused } from "../credential-refused.ts";
import { type KerberosKey, keyUsages, WrongKey } from "./encryption-type.ts";
import { type KdcContext, wantedLifeMs } from "./kdc-context.ts";
import { type EtypeInfo, type KdcReply, readEtypeInfo, readPaData, readReplySecret } from "./kdc-reply.ts";
import { derRequestBody, kdcMessages, kdcRequest, type PaData, paTypes } from "./kdc-request.ts";
import { type KerberosCredential, principalText } from "./kerberos-credential.ts";
import { derEncrypted, derInteger, derKerberosTime, fieldSequence } from "./kerberos-der.ts";
import { type KrbError, krbCodes, krbErrorText } from "./krb-error.ts";
import { ticketService } from "./principal.ts";
import { givesTicketsOf, type Ticket, ticketOf } from "./ticket.ts";

/** What counts against the account, or will not change by itself. */
const refusals: readonly number[] = [
  krbCodes.clientUnknown,
  krbCodes.clientRevoked,
  krbCodes.keyExpired,
  krbCodes.preauthFailed,
];

/** The first question, pre-authentication, a corrected clock, and two referrals to other realms. */
const maxSteps = 6;

/**
 * Logs on (RFC 4120 §3.1) by an encrypted timestamp, which shows the password to nobody; exactly one is sent to a KDC whose
 * clock is near to ours. Throws {@link CredentialRefused} where the KDC refuses the account or its key, an `IssuerError`
 * for what else it says no to.
 */
export async function logOn(credential: KerberosCredential, context: KdcContext): Promise<Ticket> {
  const { kdcs, time, nonce, signal } = context;
  const { etypes } = credential;
  let realm = credential.realm;
  let infos: readonly EtypeInfo[] = [];
  let key: KerberosKey | undefined;
  let cookies: readonly PaData[] = [];
  let isCorrected = false;
  for (let step = 0; step < maxSteps; step += 1) {
    const sent = nonce();
    const body = derRequestBody({
      client: credential.name,
      realm,
      service: ticketService(realm),
      till: time.now() + wantedLifeMs,
      nonce: sent,
      etypes,
    });
    const paData = key === undefined ? cookies : [...cookies, timestamp(key, time.stamp())];
    const message = kdcRequest(kdcMessages.asRequest, body, paData);
    const reply = await kdcs.exchange(realm, message, kdcMessages.asReply, signal);
    if ("ticket" in reply) return openReply(reply, { credential, infos, nonce: sent });
    if (reply.code === krbCodes.preauthRequired && key === undefined) {
      const offered =
        reply.data === undefined ? [] : readPaData(readDer(reply.data, "the KDC's METHOD-DATA"));
      infos = readEtypeInfo(offered);
      cookies = offered.filter(({ type }) => type === paTypes.fxCookie);
      key = await credential.keyFor(infos.length > 0 ? infos : etypes.map(withoutSalt), undefined);
      if (key === undefined) throw failure(credential, krbCodes.unsupportedEtype);
    } else if (reply.code === krbCodes.skew && !isCorrected) {
      time.correct(reply.serverTime);
      isCorrected = true;
    } else if (isReferral(reply, realm)) {
      realm = reply.clientRealm;
      [infos, key, cookies] = [[], undefined, []];
    } else throw failure(credential, reply.code);
  }
  throw failure(credential, krbCodes.wrongRealm);
}

function withoutSalt(etype: number): EtypeInfo {
  return { etype, salt: undefined, parameters: undefined };
}

function isReferral(reply: KrbError, realm: string): reply is KrbError & { readonly clientRealm: string } {
  return reply.code === krbCodes.wrongRealm && reply.clientRealm !== undefined && reply.clientRealm !== realm;
}

function failure(credential: KerberosCredential, code: number): IssuerError {
  const message = `the KDC of ${credential.realm} refuses ${principalText(credential)}: ${krbErrorText(code)}`;
  return refusals.includes(code) ? new CredentialRefused(message) : new IssuerError(message);
}

/** PA-ENC-TIMESTAMP (RFC 4120 §5.2.7.2). */
function timestamp({ etype, value }: KerberosKey, microseconds: number): PaData {
  const stamp = fieldSequence({
    0: derKerberosTime(Math.floor(microseconds / 1000)),
    1: derInteger(microseconds % 1_000_000),
  });
  const cipher = etype.encrypt(value, keyUsages.paTimestamp, stamp);
  return { type: paTypes.encryptedTimestamp, value: derEncrypted(etype.number, cipher) };
}

async function openReply(
  reply: KdcReply,
  {
    credential,
    infos,
    nonce,
  }: { credential: KerberosCredential; infos: readonly EtypeInfo[]; nonce: number },
): Promise<Ticket> {
  const { etype: number, kvno, cipher } = reply.secret;
  const fitting = [...readEtypeInfo(reply.paData), ...infos].filter(({ etype }) => etype === number);
  const key = await credential.keyFor([...fitting, withoutSalt(number)], kvno);
  if (key === undefined) throw failure(credential, krbCodes.unsupportedEtype);
  const secret = readReplySecret(decrypt(key, cipher, credential));
  const ticket = ticketOf(reply, secret);
  if (secret.nonce !== nonce || givesTicketsOf(ticket) === undefined)
    throw new Refusal("the KDC's reply is to another request");
  return ticket;
}

/** Where no pre-authentication is wanted, a wrong password shows here. */
function decrypt(key: KerberosKey, cipher: Uint8Array, credential: KerberosCredential): Uint8Array {
  try {
    return key.etype.decrypt(key.value, keyUsages.asReply, cipher);
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
    throw failure(credential, krbCodes.preauthFailed);
  }
}

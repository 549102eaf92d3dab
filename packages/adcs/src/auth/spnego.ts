import {
  contextTag,
  der,
  derOctetString,
  derOid,
  derSequence,
  expectTag,
  Refusal,
  readDer,
  tags,
} from "@countersign/issuer-signer/der";
import { readFields, readOctets } from "./kerberos/kerberos-der.ts";

const spnegoOid = "1.3.6.1.5.5.2";

/** NegTokenInit (RFC 4178 §4.2.1) for one mechanism, with its first token. */
export function negotiateInit(mechanism: string, token: Uint8Array): Uint8Array {
  const init = derSequence(
    der(contextTag(0, true), derSequence(derOid(mechanism))),
    der(contextTag(2, true), derOctetString(token)),
  );
  return der(0x60, derOid(spnegoOid), der(contextTag(0, true), init));
}

/** What a NegTokenResp says. */
export interface NegotiateReply {
  readonly state: "completed" | "incomplete" | "rejected" | "mic" | undefined;
  readonly token: Uint8Array | undefined;
}

const states = ["completed", "incomplete", "rejected", "mic"] as const;

/** Reads a NegTokenResp (RFC 4178 §4.2.2); a {@link Refusal} for anything else. */
export function readNegotiateReply(bytes: Uint8Array): NegotiateReply {
  const what = "the server's SPNEGO answer";
  const [response, ...rest] = expectTag(readDer(bytes, what), contextTag(1, true), what).children();
  if (rest.length > 0) throw new Refusal(`${what} is malformed`);
  const fields = readFields(response, what);
  const [state, token] = [fields.get(0), fields.get(2)];
  return {
    state: state === undefined ? undefined : states[expectTag(state, tags.enumerated, what).content[0] ?? -1],
    token: token === undefined ? undefined : readOctets(token, what),
  };
}

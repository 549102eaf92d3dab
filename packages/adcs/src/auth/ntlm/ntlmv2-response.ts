import { hmacMd5 } from "../md5.ts";
import { type AvPair, avIds, writeAvPairs } from "./av-pairs.ts";
import { utf16 } from "./ntlm-key.ts";

/** What a response is computed from. */
export interface Ntlmv2ResponseOptions {
  /** NTOWFv2. */
  readonly key: Uint8Array;
  readonly serverChallenge: Uint8Array;
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** FILETIME, 8 bytes: the server's where it gave one. */
  readonly time: Uint8Array;
  readonly targetInfo: readonly AvPair[];
}

/** NTLMv2 response (MS-NLMP 3.3.2) and the session's key. */
export function ntlmv2Response(options: Ntlmv2ResponseOptions): {
  readonly response: Uint8Array;
  readonly sessionKey: Uint8Array;
} {
  const { key, serverChallenge, clientChallenge, time, targetInfo } = options;
  const reserved = Buffer.alloc(8);
  const client = Buffer.concat([
    Uint8Array.of(1, 1),
    reserved.subarray(0, 6),
    time,
    clientChallenge,
    reserved.subarray(0, 4),
    writeAvPairs(targetInfo),
    reserved.subarray(0, 4),
  ]);
  const proof = hmacMd5(key, serverChallenge, client);
  return { response: Buffer.concat([proof, client]), sessionKey: hmacMd5(key, proof) };
}

/** LMv2 response (MS-NLMP 3.3.2), for servers that give no time. */
export function lmv2Response(options: Omit<Ntlmv2ResponseOptions, "time" | "targetInfo">): Uint8Array {
  const { key, serverChallenge, clientChallenge } = options;
  return Buffer.concat([hmacMd5(key, serverChallenge, clientChallenge), clientChallenge]);
}

/** What a client adds to the server's attributes. */
export interface ClientAttributes {
  /** Whether the message carries a MIC. */
  readonly mic: boolean;
  /** 16 bytes; left out where there is no TLS. Zeroes would say that there is none, which hardened servers refuse. */
  readonly channelBinding: Uint8Array | undefined;
  /** Service and host, such as `HTTP/pki.example.com`. */
  readonly targetName: string;
}

/** MS-NLMP 3.1.5.1.2. What the server says of attributes that are the client's is dropped. */
export function withClientAttributes(
  server: readonly AvPair[],
  { mic, channelBinding, targetName }: ClientAttributes,
): readonly AvPair[] {
  const own: readonly number[] = [avIds.flags, avIds.channelBindings, avIds.targetName];
  const flags = Buffer.alloc(4);
  const given = server.find(({ id, value }) => id === avIds.flags && value.length === 4)?.value;
  if (given !== undefined) flags.set(given);
  if (mic) flags.writeUInt32LE((flags.readUInt32LE(0) | 2) >>> 0, 0);
  return [
    ...server.filter(({ id }) => !own.includes(id)),
    ...(mic || given !== undefined ? [{ id: avIds.flags, value: flags }] : []),
    ...(channelBinding === undefined ? [] : [{ id: avIds.channelBindings, value: channelBinding }]),
    { id: avIds.targetName, value: utf16(targetName) },
  ];
}

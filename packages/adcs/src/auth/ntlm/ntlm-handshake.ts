import { randomBytes } from "node:crypto";
import { hmacMd5 } from "../md5.ts";
import { avIds } from "./av-pairs.ts";
import { readChallenge } from "./challenge-message.ts";
import { offeredFlags, signature, version } from "./ntlm-flags.ts";
import { type NtlmCredential, ntlmKey, utf16 } from "./ntlm-key.ts";
import { lmv2Response, ntlmv2Response, withClientAttributes } from "./ntlmv2-response.ts";

/** Options of {@link NtlmHandshake}. */
export interface NtlmHandshakeOptions {
  readonly credential: NtlmCredential;
  /** Service and host, such as `HTTP/pki.example.com`. */
  readonly targetName: string;
  /** 16 bytes of {@link channelBinding}; undefined where there is no TLS. */
  readonly channelBinding: Uint8Array | undefined;
  /** Milliseconds since the epoch, for servers that give no time. */
  readonly now: () => number;
  /** Random bytes; node:crypto's unless given. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

/** From 1601 to 1970, in milliseconds. */
const fileTimeOffset = 11_644_473_600_000;
const micAt = 72;
const headBytes = micAt + 16;

/** One NTLMv2 handshake (MS-NLMP 3.1.5), with MIC and channel binding. It authenticates one connection. */
export class NtlmHandshake {
  readonly #options: NtlmHandshakeOptions;
  readonly #negotiate: Uint8Array;

  constructor(options: NtlmHandshakeOptions) {
    this.#options = options;
    const message = Buffer.alloc(40);
    message.set(signature);
    message.writeUInt32LE(1, 8);
    message.writeUInt32LE(offeredFlags, 12);
    // Domain and workstation are empty, and begin where the payload would.
    message.writeUInt32LE(message.length, 20);
    message.writeUInt32LE(message.length, 28);
    message.set(version, 32);
    this.#negotiate = message;
  }

  /** NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1): names nobody. */
  get negotiate(): Uint8Array {
    return this.#negotiate;
  }

  /** AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) to the server's challenge. Throws an `IssuerError` for a malformed one. */
  authenticate(challengeMessage: Uint8Array): Uint8Array {
    const { credential, targetName, channelBinding, random = randomBytes } = this.#options;
    const { flags, challenge: serverChallenge, targetInfo } = readChallenge(challengeMessage);
    const timestamp = targetInfo.find(({ id, value }) => id === avIds.timestamp && value.length === 8)?.value;
    const mic = timestamp !== undefined;
    const basis = { key: ntlmKey(credential), serverChallenge, clientChallenge: random(8) };
    const { response, sessionKey } = ntlmv2Response({
      ...basis,
      time: timestamp ?? this.#fileTime(),
      targetInfo: withClientAttributes(targetInfo, { mic, channelBinding, targetName }),
    });
    const message = authenticateMessage((flags & offeredFlags) >>> 0, [
      mic ? new Uint8Array(24) : lmv2Response(basis),
      response,
      utf16(credential.domain),
      utf16(credential.username),
    ]);
    // The code is over all three messages, this one with zeroes in its place (MS-NLMP 3.1.5.1.2).
    if (mic) message.set(hmacMd5(sessionKey, this.#negotiate, challengeMessage, message), micAt);
    return message;
  }

  #fileTime(): Uint8Array {
    const time = Buffer.alloc(8);
    time.writeBigUInt64LE(BigInt(Math.trunc(this.#options.now()) + fileTimeOffset) * 10_000n);
    return time;
  }
}

/** The message with the fields LM, NT, domain and user; workstation and session key are empty. */
function authenticateMessage(flags: number, fields: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat([Buffer.alloc(headBytes), ...fields]);
  message.set(signature);
  message.writeUInt32LE(3, 8);
  let payload = headBytes;
  for (let field = 0; field < 6; field += 1) {
    const at = 12 + field * 8;
    const { length } = fields[field] ?? [];
    message.writeUInt16LE(length, at);
    message.writeUInt16LE(length, at + 2);
    message.writeUInt32LE(payload, at + 4);
    payload += length;
  }
  message.writeUInt32LE(flags, 60);
  message.set(version, 64);
  return message;
}

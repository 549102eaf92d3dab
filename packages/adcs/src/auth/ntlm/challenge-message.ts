import { type AvPair, malformed, readAvPairs } from "./av-pairs.ts";
import { ntlmFlags, signature } from "./ntlm-flags.ts";

/** What a server's CHALLENGE_MESSAGE says. */
export interface ChallengeMessage {
  readonly flags: number;
  /** 8 bytes. */
  readonly challenge: Uint8Array;
  readonly targetInfo: readonly AvPair[];
}

/** Real ones have some 300 bytes; an authenticate message repeats the list in a field of 16 bits length. */
const maxBytes = 32 * 1024;

/**
 * Reads a CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2). Throws an `IssuerError` where it is malformed, larger than 32 KiB, or does
 * not lead to NTLMv2.
 */
export function readChallenge(message: Uint8Array): ChallengeMessage {
  const view = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (view.length > maxBytes) throw malformed(`it has more than ${maxBytes} bytes`);
  if (view.length < 48) throw malformed("it is too short");
  if (!view.subarray(0, 8).equals(signature) || view.readUInt32LE(8) !== 2)
    throw malformed("it is no challenge");
  const flags = view.readUInt32LE(20);
  const [length, offset] = [view.readUInt16LE(40), view.readUInt32LE(44)];
  if ((flags & ntlmFlags.unicode) === 0) throw malformed("it does not speak Unicode");
  if ((flags & ntlmFlags.targetInfo) === 0 || length === 0)
    throw malformed("it has no target information, without which there is no NTLMv2");
  if (offset < 48 || offset + length > view.length)
    throw malformed("its target information goes beyond its end");
  const targetInfo = readAvPairs(view.subarray(offset, offset + length));
  return { flags, challenge: view.subarray(24, 32), targetInfo };
}

import { IssuerError } from "@countersign/issuer-signer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacMd5 } from "../md5.ts";
import { avIds, readAvPairs, writeAvPairs } from "./av-pairs.ts";
import { readChallenge } from "./challenge-message.ts";
import { NtlmHandshake } from "./ntlm-handshake.ts";
import { ntlmKey, utf16 } from "./ntlm-key.ts";
import { lmv2Response, ntlmv2Response } from "./ntlmv2-response.ts";

const credential = { username: "User", domain: "Domain", password: "Password" };
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** MS-NLMP 4.2.4: common values. */
const basis = {
  key: ntlmKey(credential),
  serverChallenge: hex("0123456789abcdef"),
  clientChallenge: hex("aaaaaaaaaaaaaaaa"),
};
const domainAndServer = [
  { id: 2, value: utf16("Domain") },
  { id: 1, value: utf16("Server") },
];

test("MS-NLMP 4.2.4.1.1: NTOWFv2", () => {
  expect(toHex(basis.key)).toBe("0c868a403bfd7a93a3001ef22ef02e3f");
});

test("MS-NLMP 4.2.4.1.2 and 4.2.4.2.2: session base key and NTLMv2 response", () => {
  const { response, sessionKey } = ntlmv2Response({
    ...basis,
    time: hex("0000000000000000"),
    targetInfo: domainAndServer,
  });
  expect(toHex(sessionKey)).toBe("8de40ccadbc14a82f15cb0ad0de95ca3");
  expect(toHex(response.subarray(0, 16))).toBe("68cd0ab851e51c96aabc927bebef6a1c");
  expect(toHex(response.subarray(16))).toBe(
    "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000" +
      "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000",
  );
});

test("MS-NLMP 4.2.4.2.1: LMv2 response", () => {
  expect(toHex(lmv2Response(basis))).toBe("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
});

test("maps a name to upper case one unit at a time, as Windows does", () => {
  const key = (username: string) => toHex(ntlmKey({ ...credential, username }));
  expect(key("uSEr")).toBe(key("USER"));
  expect(key("straße")).toBe(key("STRAßE"));
  expect(key("straße")).not.toBe(key("STRASSE"));
  expect(key("çelik")).toBe(key("ÇELIK"));
});

/** The challenge of MS-NLMP 4.2.4.3, with the given attributes. */
function challengeWith(targetInfo: Uint8Array, { flags = 0xe28a_8233 } = {}): Buffer {
  const name = utf16("Server");
  const message = Buffer.alloc(56 + name.length);
  message.write("NTLMSSP\0", "latin1");
  message.writeUInt32LE(2, 8);
  message.writeUInt16LE(name.length, 12);
  message.writeUInt16LE(name.length, 14);
  message.writeUInt32LE(56, 16);
  message.writeUInt32LE(flags >>> 0, 20);
  message.set(basis.serverChallenge, 24);
  message.writeUInt16LE(targetInfo.length, 40);
  message.writeUInt16LE(targetInfo.length, 42);
  message.writeUInt32LE(message.length, 44);
  message.set(name, 56);
  return Buffer.concat([message, targetInfo]);
}

const timestamp = { id: avIds.timestamp, value: hex("0090d336b734c301") };

function handshake(channelBinding: Uint8Array | undefined = hex("00112233445566778899aabbccddeeff")) {
  const targetName = "HTTP/pki.example.com";
  const random = () => basis.clientChallenge;
  return new NtlmHandshake({ credential, targetName, channelBinding, random, now: () => 0 });
}

/** What stands in the fields of an authenticate message. */
function fieldsOf(message: Buffer): Buffer[] {
  return [12, 20, 28, 36, 44, 52].map((at) => {
    const [length, offset] = [message.readUInt16LE(at), message.readUInt32LE(at + 4)];
    expect(offset + length).toBeLessThanOrEqual(message.length);
    return message.subarray(offset, offset + length);
  });
}

test("answers with the server's attributes, binding, target name and a MIC over the three messages", () => {
  const client = handshake();
  const challenge = challengeWith(writeAvPairs([...domainAndServer, timestamp]));
  const message = Buffer.from(client.authenticate(challenge));
  const [lm, nt, domain, user, workstation, sessionKey] = fieldsOf(message);
  expect(lm).toEqual(Buffer.alloc(24));
  expect([String(domain?.toString("utf16le")), user?.toString("utf16le")]).toEqual(["Domain", "User"]);
  expect([workstation?.length, sessionKey?.length]).toEqual([0, 0]);
  const proof = nt?.subarray(0, 16) ?? Buffer.alloc(0);
  const temp = nt?.subarray(16) ?? Buffer.alloc(0);
  expect(toHex(hmacMd5(basis.key, basis.serverChallenge, temp))).toBe(toHex(proof));
  expect(toHex(temp.subarray(8, 16))).toBe(toHex(timestamp.value));
  const pairs = readAvPairs(temp.subarray(28));
  expect(pairs.map(({ id }) => id)).toEqual([2, 1, 7, 6, 10, 9]);
  const valueFor = (wanted: number) => pairs.find(({ id }) => id === wanted)?.value ?? Buffer.alloc(0);
  expect(toHex(valueFor(avIds.flags))).toBe("02000000");
  expect(toHex(valueFor(avIds.channelBindings))).toBe("00112233445566778899aabbccddeeff");
  expect(Buffer.from(valueFor(avIds.targetName)).toString("utf16le")).toBe("HTTP/pki.example.com");
  const mic = toHex(message.subarray(72, 88));
  message.fill(0, 72, 88);
  expect(mic).toBe(toHex(hmacMd5(hmacMd5(basis.key, proof), client.negotiate, challenge, message)));
  // Nothing that was not offered, such as the exchange of a key, is agreed to.
  expect(message.readUInt32LE(60) & 0x4000_0010).toBe(0);
});

test("believes the server neither its own binding nor its own target name", () => {
  const forged = [
    { id: avIds.channelBindings, value: Buffer.alloc(16, 1) },
    { id: avIds.targetName, value: utf16("HTTP/evil") },
  ];
  const message = Buffer.from(handshake().authenticate(challengeWith(writeAvPairs([...forged, timestamp]))));
  const pairs = readAvPairs(fieldsOf(message)[1]?.subarray(44) ?? Buffer.alloc(0));
  expect(pairs.map(({ id }) => id)).toEqual([7, 6, 10, 9]);
  expect(toHex(pairs[2]?.value ?? Buffer.alloc(0))).toBe("00112233445566778899aabbccddeeff");
});

test("leaves the binding out where there is none: zeroes would say that there is no TLS", () => {
  const client = new NtlmHandshake({
    credential,
    targetName: "HTTP/a",
    channelBinding: undefined,
    now: () => 0,
  });
  const message = Buffer.from(client.authenticate(challengeWith(writeAvPairs([timestamp]))));
  const pairs = readAvPairs(fieldsOf(message)[1]?.subarray(44) ?? Buffer.alloc(0));
  expect(pairs.map(({ id }) => id)).toEqual([7, 6, 9]);
});

test("answers a server without a time by LMv2 and its own clock, without a MIC", () => {
  const message = Buffer.from(handshake().authenticate(challengeWith(writeAvPairs(domainAndServer))));
  const [lm, nt] = fieldsOf(message);
  expect(toHex(lm ?? Buffer.alloc(0))).toBe("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
  // 1970-01-01 as FILETIME.
  expect(nt?.readBigUInt64LE(24)).toBe(116_444_736_000_000_000n);
  expect(message.subarray(72, 88)).toEqual(Buffer.alloc(16));
});

const good = writeAvPairs([...domainAndServer, timestamp]);

test.each([
  ["empty", Buffer.alloc(0)],
  ["cut short", challengeWith(good).subarray(0, 47)],
  ["of another protocol", Buffer.from("HTTP/1.1 200 OK".padEnd(64))],
  ["an authenticate message", Buffer.concat([Buffer.from("NTLMSSP\0\x03\0\0\0"), Buffer.alloc(64)])],
  ["without target information", challengeWith(Buffer.alloc(0))],
  ["without Unicode", challengeWith(good, { flags: 0xe28a_8232 })],
  ["with target information beyond its end", challengeWith(good).subarray(0, 70)],
  ["without an end of the list", challengeWith(good.subarray(0, -4))],
  ["with an attribute beyond the list", challengeWith(hex("0200ffff 0000"))],
  ["larger than any", Buffer.concat([challengeWith(good), Buffer.alloc(40_000)])],
])("refuses a challenge %s with one clear line", (_, challenge) => {
  expect(() => handshake().authenticate(challenge)).toThrow(IssuerError);
  expect(() => handshake().authenticate(challenge)).toThrow(
    /^the server's NTLM challenge is malformed: .*; check/,
  );
});

test("a challenge of any bytes is read or refused, and nothing else happens", () => {
  const arbitrary = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => challengeWith(bytes)),
    fc.tuple(fc.nat(challengeWith(good).length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = challengeWith(good);
      bytes[at] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(arbitrary, (bytes) => {
      try {
        readChallenge(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(IssuerError);
      }
    }),
    { numRuns: 5_000 },
  );
});

import { randomBytes } from "node:crypto";
import { Refusal } from "@countersign/issuer-signer/der";
import fc from "fast-check";
import { expect, test } from "vitest";
import { negotiateInit, readNegotiateReply } from "../spnego.ts";
import { fakeSessionKey, readFakeLogin } from "./fake-kdc-fixture.ts";
import { gssLogin, kerberosOid } from "./gss-login.ts";
import { application, derInteger, derKerberosTime, fieldSequence } from "./kerberos-der.ts";

const ticket = {
  client: { type: 1, parts: ["svc"] },
  clientRealm: "CORP.TEST",
  service: { type: 3, parts: ["HTTP", "pki"] },
  realm: "CORP.TEST",
  ticket: application(1, fieldSequence({ 0: derInteger(5) })),
  key: fakeSessionKey,
  endTime: 0,
};
const login = gssLogin(ticket, { channelBinding: randomBytes(16), time: 1_700_000_000_123_456, sequence: 1 });
const service = readFakeLogin(login.token);

/** The frame of RFC 2743 §3.1, with a token id. */
function framed(id: readonly [number, number], message: Uint8Array): Uint8Array {
  const oid = Buffer.from("06092a864886f712010202", "hex");
  const content = Buffer.concat([oid, Uint8Array.from(id), message]);
  return Buffer.concat([Uint8Array.of(0x60, 0x82, content.length >> 8, content.length & 0xff), content]);
}

test("declares within AD-IF-RELEVANT that it binds to channels (MS-KILE 3.2.5.8)", () => {
  const expected = "301d301ba003020101a11404123010300ea0040202008fa106040400400000";
  expect(Buffer.from(service.authorization ?? []).toString("hex")).toBe(expected);
});

test("takes the service's proof, with its frame and without", () => {
  expect(login.readReply(framed([2, 0], service.reply()))).toEqual({ accepted: true });
  expect(login.readReply(service.reply())).toEqual({ accepted: true });
});

test("takes no proof of another login or with another key", () => {
  expect(() => login.readReply(service.reply({ time: service.time + 1 }))).toThrow(/another login/);
  const key = { ...fakeSessionKey, value: randomBytes(32) };
  expect(() => login.readReply(service.reply({ key }))).toThrow(/not made with the key of the service/);
});

test("reads the service's error", () => {
  const error = application(
    30,
    fieldSequence({
      0: derInteger(5),
      1: derInteger(30),
      4: derKerberosTime(0),
      5: derInteger(0),
      6: derInteger(41),
    }),
  );
  expect(login.readReply(framed([3, 0], error))).toEqual({ accepted: false, code: 41 });
});

test("wraps its token for SPNEGO, as RFC 4178 has it", () => {
  const token = Buffer.from(negotiateInit(kerberosOid, Buffer.from("abc")));
  const expected = "602206062b0601050502a0183016a00d300b06092a864886f712010202a2050403616263";
  expect(token.toString("hex")).toBe(expected);
});

test("reads the states of SPNEGO", () => {
  const read = (hex: string) => readNegotiateReply(Buffer.from(hex, "hex"));
  expect(read("a1073005a0030a0100")).toEqual({ state: "completed", token: undefined });
  expect(read("a1073005a0030a0102").state).toBe("rejected");
  expect(Buffer.from(read("a10c300aa0030a0101a203040161").token ?? []).toString()).toBe("a");
});

test("answers of any bytes are read or refused", () => {
  const real = Buffer.from(framed([2, 0], service.reply()));
  const arbitrary = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = Buffer.from(real);
      bytes[at] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(arbitrary, (bytes) => {
      for (const read of [login.readReply, readNegotiateReply]) {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }
    }),
    { numRuns: 3_000 },
  );
});

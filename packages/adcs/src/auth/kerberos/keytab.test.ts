import { IssuerError } from "@countersign/issuer-signer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { kerberosCredential } from "./kerberos-credential.ts";
import { readKeytab } from "./keytab.ts";

interface Entry {
  readonly principal?: string;
  readonly realm?: string;
  readonly kvno?: number;
  readonly etype?: number;
  readonly key?: Buffer;
}

const counted = (text: string | Buffer) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
};

function record({
  principal = "svc",
  realm = "CORP.TEST",
  kvno = 1,
  etype = 18,
  key = Buffer.alloc(32, kvno),
}: Entry): Buffer {
  const parts = principal.split("/");
  const version = Buffer.alloc(4);
  version.writeUInt32BE(kvno);
  const content = Buffer.concat([
    Uint8Array.of(0, parts.length),
    counted(realm),
    ...parts.map(counted),
    Buffer.alloc(8),
    Uint8Array.of(kvno & 0xff, 0, etype),
    counted(key),
    version,
  ]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(content.length);
  return Buffer.concat([size, content]);
}

function keytab(...records: readonly Buffer[]): Buffer {
  return Buffer.concat([Uint8Array.of(5, 2), ...records]);
}

const hole = Buffer.from("fffffffc00000000", "hex");

test("reads keys of the principal, over holes and keys that are of no use", () => {
  const rc4 = record({ etype: 23, key: Buffer.alloc(16) });
  const entries = readKeytab(
    keytab(rc4, hole, record({ kvno: 300 }), record({ etype: 17, key: Buffer.alloc(16) })),
  );
  expect(
    entries.map(({ principal, realm, kvno, key }) => [principal, realm, kvno, key.etype.number]),
  ).toEqual([
    ["svc", "CORP.TEST", 300, 18],
    ["svc", "CORP.TEST", 1, 17],
  ]);
});

test("gives the version that the KDC names, and the newest where it names none", async () => {
  const credential = kerberosCredential({
    keytab: keytab(record({ kvno: 2 }), record({ kvno: 4 }), record({ kvno: 3 })),
  });
  const info = [{ etype: 18, salt: "ignored", parameters: undefined }];
  for (const [asked, given] of [
    [3, 3],
    [undefined, 4],
    [9, 4],
  ])
    expect((await credential.keyFor(info, asked))?.value[0]).toBe(given);
  expect(
    await credential.keyFor([{ etype: 17, salt: undefined, parameters: undefined }], undefined),
  ).toBeUndefined();
});

test("asks for the types that it has keys for first", () => {
  const { etypes } = kerberosCredential({ keytab: keytab(record({ etype: 17, key: Buffer.alloc(16) })) });
  expect(etypes).toEqual([17, 18, 20, 19]);
});

test("wants to be told which principal, where there are several", () => {
  const bytes = keytab(record({}), record({ principal: "HTTP/web" }));
  expect(() => kerberosCredential({ keytab: bytes })).toThrow(/several principals; name the user/);
  expect(kerberosCredential({ keytab: bytes, username: "HTTP/web" }).name.parts).toEqual(["HTTP", "web"]);
  expect(() => kerberosCredential({ keytab: bytes, username: "other" })).toThrow(/no AES key of this user/);
  expect(() => kerberosCredential({ keytab: bytes, username: "svc", realm: "B" })).toThrow(
    /no AES key of this user/,
  );
});

test.each([
  ["empty", Buffer.alloc(0), "no keytab of version"],
  ["text, as of base64 in a Secret's data", Buffer.from("BQIAAABC"), "no keytab of version"],
  ["of the old version", Buffer.from("050100000000", "hex"), "no keytab of version"],
  ["without entries", keytab(), "no AES key"],
  ["with RC4 only", keytab(record({ etype: 23, key: Buffer.alloc(16) })), "no AES key"],
  ["cut short", keytab(record({})).subarray(0, 40), "beyond its end"],
  ["with an entry cut short", keytab(Buffer.from("000000040001ffff", "hex")), "cut short"],
  ["with a key of another length", keytab(record({ key: Buffer.alloc(31) })), "no AES key"],
])("refuses one that is %s", (_, bytes, problem) => {
  expect(() => readKeytab(bytes)).toThrow(IssuerError);
  expect(() => readKeytab(bytes)).toThrow(problem);
});

test("any bytes are read or refused", () => {
  const real = keytab(record({}), hole, record({ principal: "a/b" }));
  const arbitrary = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => keytab(Buffer.from(bytes))),
    fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = Buffer.from(real);
      bytes[at] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(arbitrary, (bytes) => {
      try {
        readKeytab(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(IssuerError);
      }
    }),
    { numRuns: 5_000 },
  );
});

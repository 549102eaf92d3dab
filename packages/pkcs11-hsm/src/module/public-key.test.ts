import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CKA, CKK } from "./constants.ts";
import type { Cryptoki } from "./cryptoki.ts";
import { ckError } from "./cryptoki-fixture.ts";
import { readSpki } from "./public-key.ts";

type Attributes = Readonly<Record<number, Buffer>>;

function read(attributes: Attributes): Buffer | undefined {
  const C_GetAttributeValue: Cryptoki["C_GetAttributeValue"] = (_session, _object, [asked]) => {
    const value = attributes[asked?.type ?? -1];
    if (value === undefined) throw ckError(0x12);
    return [{ type: asked?.type ?? 0, value }];
  };
  return readSpki({ C_GetAttributeValue } as Cryptoki, Buffer.alloc(8), Buffer.alloc(8));
}

const number = (value: number) => Buffer.from([value, 0, 0, 0, 0, 0, 0, 0]);
const spkiOf = (key: KeyObject) => key.export({ type: "spki", format: "der" });

const curves = [
  ["P-256", "06082a8648ce3d030107", 65],
  ["P-384", "06052b81040022", 97],
  ["P-521", "06052b81040023", 133],
] as const;

describe("readSpki", () => {
  test.each(curves)("reads %s points as OCTET STRING, BIT STRING and bare", (namedCurve, oid, length) => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve });
    const point = spkiOf(publicKey).subarray(-length);
    const size = (n: number) => (n < 0x80 ? [n] : [0x81, n]);
    const encodings = [
      point,
      Buffer.from([4, ...size(length), ...point]),
      Buffer.from([3, ...size(length + 1), 0, ...point]),
    ];
    for (const encoded of encodings) {
      const found = read({
        [CKA.KEY_TYPE]: number(CKK.EC),
        [CKA.EC_PARAMS]: Buffer.from(oid, "hex"),
        [CKA.EC_POINT]: encoded,
      });
      expect(found).toEqual(spkiOf(publicKey));
    }
  });

  test.each(["06032b6570", "130c656477617264733235353139"])(
    "reads Ed25519 with parameters %s",
    (parameters) => {
      const { publicKey } = generateKeyPairSync("ed25519");
      const raw = spkiOf(publicKey).subarray(-32);
      for (const encoded of [raw, Buffer.concat([Buffer.from("0420", "hex"), raw])]) {
        const attributes = { [CKA.EC_PARAMS]: Buffer.from(parameters, "hex"), [CKA.EC_POINT]: encoded };
        expect(read({ [CKA.KEY_TYPE]: number(CKK.EC_EDWARDS), ...attributes })).toEqual(spkiOf(publicKey));
      }
    },
  );

  test("reads RSA from private and public objects alike", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { n = "", e = "" } = publicKey.export({ format: "jwk" });
    const [modulus, exponent] = [Buffer.from(n, "base64url"), Buffer.from(e, "base64url")];
    const rsa = { [CKA.KEY_TYPE]: number(CKK.RSA), [CKA.MODULUS]: modulus, [CKA.PUBLIC_EXPONENT]: exponent };
    expect(read(rsa)).toEqual(spkiOf(publicKey));
  });

  test("knows nothing of hidden points, unknown curves, points at infinity and rubbish", () => {
    const p256 = { [CKA.KEY_TYPE]: number(CKK.EC), [CKA.EC_PARAMS]: Buffer.from(curves[0][1], "hex") };
    expect(read(p256)).toBeUndefined();
    const zeros = Buffer.alloc(65);
    for (const point of [
      Buffer.from([0]),
      Buffer.from("040100", "hex"),
      zeros,
      Buffer.from([4, 65, ...zeros]),
    ])
      expect(read({ ...p256, [CKA.EC_POINT]: point })).toBeUndefined();
    const off = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]);
    expect(read({ ...p256, [CKA.EC_POINT]: off })).toBeUndefined();
    expect(
      read({ ...p256, [CKA.EC_PARAMS]: Buffer.from("06052b8104000a", "hex"), [CKA.EC_POINT]: off }),
    ).toBeUndefined();
  });
});

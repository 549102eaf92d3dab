import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decryptCts, encryptCts } from "./aes-cts.ts";
import { type EncryptionType, encryptionType, encryptionTypes, WrongKey } from "./encryption-type.ts";

const hex = (text: string) => Buffer.from(text, "hex");

function typeOf(number: number): EncryptionType {
  const type = encryptionType(number);
  if (type === undefined) throw new Error(`no encryption type ${number}`);
  return type;
}

describe("RFC 3962 appendix B", () => {
  test.each([
    ["I would like the ", "c6353568f2bf8cb4d8a580362da7ff7f97"],
    ["I would like the General Gau's ", "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"],
    ["I would like the General Gau's C", "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"],
    [
      "I would like the General Gau's Chicken, please,",
      "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
    ],
    [
      "I would like the General Gau's Chicken, please, ",
      "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8",
    ],
    [
      "I would like the General Gau's Chicken, please, and wonton soup.",
      "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
    ],
  ])("ciphertext stealing: %s", (plaintext, ciphertext) => {
    const key = Buffer.from("chicken teriyaki");
    expect(encryptCts(key, Buffer.from(plaintext)).toString("hex")).toBe(ciphertext);
    expect(String(decryptCts(key, hex(ciphertext)))).toBe(plaintext);
  });

  const athena = Buffer.from("ATHENA.MIT.EDUraeburn");
  test.each([
    [
      1,
      "password",
      athena,
      "42263c6e89f4fc28b8df68ee09799f15",
      "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
    ],
    [
      2,
      "password",
      athena,
      "c651bf29e2300ac27fa469d693bdda13",
      "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
    ],
    [
      1200,
      "password",
      athena,
      "4c01cd46d632d01e6dbe230a01ed642a",
      "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
    ],
    [
      5,
      "password",
      hex("1234567878563412"),
      "e9b23d52273747dd5c35cb55be619d8e",
      "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
    ],
    [
      1200,
      "X".repeat(64),
      Buffer.from("pass phrase equals block size"),
      "59d1bb789a828b1aa54ef9c2883f69ed",
      "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
    ],
    [
      50,
      "\u{1d11e}",
      Buffer.from("EXAMPLE.COMpianist"),
      "f149c1f2e154a73452d43e7fe62a56e5",
      "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
    ],
  ])("password to key with %i iterations: %s", async (count, password, salt, key128, key256) => {
    const parameters = Buffer.alloc(4);
    parameters.writeUInt32BE(count);
    for (const [number, key] of [
      [17, key128],
      [18, key256],
    ] as const)
      expect(Buffer.from(await typeOf(number).stringToKey(password, salt, parameters)).toString("hex")).toBe(
        key,
      );
  });
});

describe("RFC 8009 appendix A", () => {
  const key128 = hex("3705d96080c17728a0e800eab6e0d23c");
  const key256 = hex("6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52");

  test("password to key", async () => {
    const salt = Buffer.concat([
      hex("10df9dd783e5bc8acea1730e74355f61"),
      Buffer.from("ATHENA.MIT.EDUraeburn"),
    ]);
    const keyOf = async (number: number) =>
      Buffer.from(await typeOf(number).stringToKey("password", salt, undefined)).toString("hex");
    expect(await keyOf(19)).toBe("089bca48b105ea6ea77ca5d2f39dc5e7");
    expect(await keyOf(20)).toBe("45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467");
  });

  test.each([
    [
      19,
      key128,
      "7e5895eaf2672435bad817f545a37148",
      "",
      "ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718",
    ],
    [
      19,
      key128,
      "7bca285e2fd4130fb55b1a5c83bc5b24",
      "000102030405",
      "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c",
    ],
    [
      20,
      key256,
      "f764e9fa15c276478b2c7d0c4e5f58e4",
      "",
      "41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c",
    ],
  ])("encryption type %i", (number, key, confounder, plaintext, ciphertext) => {
    const type = typeOf(number);
    expect(type.encrypt(key, 2, hex(plaintext), hex(confounder)).toString("hex")).toBe(ciphertext);
    expect(type.decrypt(key, 2, hex(ciphertext)).toString("hex")).toBe(plaintext);
  });

  test("checksums", () => {
    const data = hex("000102030405060708090a0b0c0d0e0f1011121314");
    expect(typeOf(19).checksum(key128, 2, data).toString("hex")).toBe("d78367186643d67b411cba9139fc1dee");
    expect(typeOf(20).checksum(key256, 2, data).toString("hex")).toBe(
      "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a",
    );
  });
});

describe.each(encryptionTypes.map((type) => [type.name, type] as const))("%s", (_, type) => {
  const key = randomBytes(type.keyBytes);

  test("gives back what it encrypted, of any length", () => {
    for (let length = 0; length < 50; length += 1) {
      const plaintext = randomBytes(length);
      expect(type.decrypt(key, 11, type.encrypt(key, 11, plaintext)).equals(plaintext)).toBe(true);
    }
  });

  test("refuses another key, another usage and every changed byte", () => {
    const ciphertext = type.encrypt(key, 11, Buffer.from("authenticator"));
    expect(() => type.decrypt(randomBytes(type.keyBytes), 11, ciphertext)).toThrow(WrongKey);
    expect(() => type.decrypt(key, 12, ciphertext)).toThrow(WrongKey);
    for (let at = 0; at < ciphertext.length; at += 1) {
      const changed = Buffer.from(ciphertext);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => type.decrypt(key, 11, changed)).toThrow(WrongKey);
    }
    for (let length = 0; length < 40; length += 1)
      expect(() => type.decrypt(key, 11, ciphertext.subarray(0, length))).toThrow(WrongKey);
  });

  test("refuses parameters that would keep a core busy", async () => {
    for (const parameters of [hex("00000000"), hex("ffffffff"), hex("00"), hex("0000000001")])
      await expect(type.stringToKey("x", hex(""), parameters)).rejects.toThrow(RangeError);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePkcs11Uri } from "./pkcs11-uri.ts";

/** RFC 7512 §2.3 by another way: every byte percent-encoded. */
const encode = (bytes: Uint8Array) =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

describe("parsePkcs11Uri", () => {
  test("reads token, key and module", () => {
    expect(
      parsePkcs11Uri(
        "pkcs11:token=Software%20PKCS%2311;serial=42;object=ca;type=private;id=%01%aB?module-path=/usr/lib/p.so",
      ),
    ).toEqual({
      token: { label: "Software PKCS#11", serial: "42", model: undefined },
      key: { id: "01ab", label: "ca" },
      modulePath: "/usr/lib/p.so",
    });
    expect(parsePkcs11Uri("pkcs11:")).toEqual({
      token: { label: undefined, serial: undefined, model: undefined },
      key: { id: undefined, label: undefined },
      modulePath: undefined,
    });
  });

  test.each([
    ["another scheme", "http:token=a", "does not begin with pkcs11:"],
    ["a PIN", "pkcs11:token=a?pin-value=1234", "a PIN does not belong into a URI"],
    ["a file with a PIN", "pkcs11:token=a?pin-source=file:/etc/passwd", "name the PIN by a Secret"],
    ["a slot", "pkcs11:slot-id=3", "slot numbers change"],
    ["what the RFC does not know", "pkcs11:x-other=1", "x-other is no attribute"],
    ["what every object has", "pkcs11:constructor=1", "constructor is no attribute"],
    [
      "a module in the path",
      "pkcs11:module-path=/usr/lib/p.so",
      "module-path is no attribute that is used at that place",
    ],
    ["a token in the query", "pkcs11:?token=a", "token is no attribute that is used at that place"],
    ["the same twice", "pkcs11:token=a;token=b", "token is there twice"],
    ["an empty value", "pkcs11:token=", "token is empty"],
    ["no value", "pkcs11:token", "no name or no value"],
    ["an empty attribute", "pkcs11:token=a;", "no name or no value"],
    ["a bare blank", "pkcs11:token=a b", "must be percent-encoded"],
    ["half an escape", "pkcs11:token=%2", "must be percent-encoded"],
    ["bytes that are no text", "pkcs11:token=%ff", "token is not UTF-8 text"],
    ["a NUL", "pkcs11:token=a%00b", "token is not UTF-8 text"],
    ["a certificate", "pkcs11:token=a;type=cert", "its type is not private"],
    ["a book", `pkcs11:token=${"a".repeat(3_000)}`, "at most 2048 are read"],
  ])("refuses %s", (_, uri, words) => {
    expect(() => parsePkcs11Uri(uri)).toThrow(words);
  });

  test("reads back whatever is encoded, and no text crashes it", () => {
    const text = fc
      .string({ minLength: 1, maxLength: 60, unit: "grapheme" })
      .filter((each) => !each.includes("\0"));
    fc.assert(
      fc.property(text, text, fc.uint8Array({ minLength: 1, maxLength: 40 }), (label, object, id) => {
        const uri = `pkcs11:token=${encode(Buffer.from(label))};object=${encode(Buffer.from(object))};id=${encode(id)}`;
        fc.pre(uri.length <= 2048);
        const read = parsePkcs11Uri(uri);
        expect(read.token.label).toBe(label);
        expect(read.key).toEqual({ label: object, id: Buffer.from(id).toString("hex") });
      }),
    );
    const piece = fc.constantFrom(
      "pkcs11:",
      "token",
      "id",
      "=",
      ";",
      "?",
      "&",
      "%",
      "%00",
      "%ff",
      "a",
      "module-path",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => `pkcs11:${pieces.join("")}`),
        ),
        (uri) => {
          try {
            parsePkcs11Uri(uri);
          } catch (error) {
            expect(error).toMatchObject({ code: "ISSUER", message: expect.not.stringContaining("\n") });
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

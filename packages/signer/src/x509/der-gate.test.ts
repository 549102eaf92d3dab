import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMilliseconds } from "./cpu-time-fixture.ts";
import { assertStrictDer } from "./der-gate.ts";
import { der, derNull, derOid, derSequence, derUnsigned } from "./der-writer.ts";
import { Refusal } from "./refusal.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const gate = (bytes: Uint8Array): void => assertStrictDer(bytes, "it");

describe("the strict DER gate", () => {
  it.each([
    ["nothing", "", "no value"],
    ["a lone tag", "30", "truncated"],
    ["an indefinite length", "30 80 00 00", "indefinite"],
    ["a length of 127 in long form", `04 81 7f${"00".repeat(127)}`, "length that is not minimal"],
    ["a length with a leading zero", `04 82 00 80${"00".repeat(128)}`, "length that is not minimal"],
    ["a length of five octets", "04 85 01 00 00 00 00", "oversized"],
    ["a length past the end", "04 02 00", "truncated"],
    ["a child past its parent", "30 03 04 02 00 05 00", "truncated"],
    ["a second value", "05 00 05 00", "trailing"],
    ["a high tag number", "1f 81 00 00", "high tag"],
    ["an end-of-contents marker", "30 02 00 00", "end-of-contents"],
    ["a primitive sequence", "10 00", "primitive sequence"],
    ["a constructed OCTET STRING", "24 03 04 01 00", "constructed"],
    ["a constructed UTF8String", "2c 03 0c 01 61", "constructed"],
    ["a BOOLEAN of 1", "01 01 01", "BOOLEAN"],
    ["a BOOLEAN of two octets", "01 02 ff ff", "BOOLEAN"],
    ["an empty BOOLEAN", "01 00", "BOOLEAN"],
    ["an empty INTEGER", "02 00", "INTEGER"],
    ["a padded positive INTEGER", "02 02 00 7f", "INTEGER"],
    ["a padded negative INTEGER", "02 02 ff 80", "INTEGER"],
    ["an ENUMERATED that is padded", "0a 02 00 01", "INTEGER"],
    ["an empty BIT STRING", "03 00", "BIT STRING"],
    ["a BIT STRING of 8 unused bits", "03 02 08 00", "BIT STRING"],
    ["a BIT STRING of unused bits only", "03 01 01", "BIT STRING"],
    ["a BIT STRING with a set unused bit", "03 02 01 01", "unused bits are set"],
    ["a NULL with contents", "05 01 00", "NULL"],
    ["an empty OID", "06 00", "OBJECT IDENTIFIER"],
    ["an OID with a padded arc", "06 03 2a 80 01", "OBJECT IDENTIFIER that is not minimal"],
    ["an OID that stops inside an arc", "06 02 2a 81", "truncated OBJECT IDENTIFIER"],
    ["nesting of 33", Buffer.from(nest(33)).toString("hex"), "nesting deeper"],
  ])("refuses %s", (_name, bytes, problem) => {
    expect(() => gate(hex(bytes))).toThrow(Refusal);
    expect(() => gate(hex(bytes))).toThrow(problem);
  });

  it.each([
    ["NULL", "05 00"],
    ["TRUE", "01 01 ff"],
    ["0x80 with its sign octet", "02 02 00 80"],
    ["-128", "02 01 80"],
    ["an empty BIT STRING of no bits", "03 01 00"],
    ["a BIT STRING with clear unused bits", "03 02 01 fe"],
    ["an OID with a long arc", "06 03 2a 81 01"],
    ["an explicit context tag", "a0 03 02 01 00"],
    ["an implicit context tag", "82 01 ff"],
    ["an empty sequence", "30 00"],
    ["a length of 128", `04 81 80${"00".repeat(128)}`],
    ["nesting of 32", Buffer.from(nest(32)).toString("hex")],
  ])("takes %s", (_name, bytes) => {
    expect(() => gate(hex(bytes))).not.toThrow();
  });

  it("throws nothing but a Refusal, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          gate(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("takes what the writer writes, and nothing with one byte more or less", () => {
    const leaf = fc.oneof(
      fc.constant(derNull),
      fc.uint8Array({ maxLength: 300 }).map((octets) => der(4, octets)),
      fc.uint8Array({ maxLength: 40 }).map(derUnsigned),
      fc
        .array(fc.nat(0x7fffffff), { minLength: 1, maxLength: 8 })
        .map((arcs) => derOid(`1.2.${arcs.join(".")}`)),
    );
    const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie("tree"), { maxLength: 5 }).map((children) => derSequence(...children)),
      ),
    }));
    fc.assert(
      fc.property(tree, (encoded) => {
        gate(encoded);
        expect(() => gate(encoded.subarray(0, -1))).toThrow(Refusal);
        expect(() => gate(Buffer.concat([encoded, Uint8Array.of(0)]))).toThrow(Refusal);
      }),
    );
  });

  it("reads a megabyte of 300,000 values in linear time", () => {
    const many = derSequence(Buffer.alloc(600_000, Buffer.from(derNull)));
    expect(cpuMilliseconds(() => gate(many))).toBeLessThan(250);
  });
});

function nest(depth: number): Uint8Array {
  return Array.from({ length: depth }).reduce<Uint8Array>((inner) => derSequence(inner), derNull);
}

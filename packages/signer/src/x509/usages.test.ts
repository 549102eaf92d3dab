import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PermanentError } from "../errors.ts";
import { encodeExtendedKeyUsage, encodeKeyUsage, readExtendedKeyUsage, readKeyUsage } from "./extensions.ts";
import { deterministicSerial } from "./serial.ts";
import { extendedKeyUsageOids, keyUsageWords, resolveUsages } from "./usages.ts";

describe("resolveUsages", () => {
  it("assumes cert-manager's defaults and adds cert sign for a CA", () => {
    expect(resolveUsages(undefined, false)).toEqual({
      keyUsage: ["digital signature", "key encipherment"],
      extendedKeyUsage: [],
      requestedExtendedKeyUsage: [],
    });
    expect(resolveUsages([], true).keyUsage).toEqual(["digital signature", "key encipherment", "cert sign"]);
  });

  it("takes aliases, drops repetitions but for those to compare, keeps the order of extended usages", () => {
    expect(
      resolveUsages(["client auth", "signing", "s/mime", "digital signature", "email protection"], false),
    ).toEqual({
      keyUsage: ["digital signature"],
      extendedKeyUsage: ["client auth", "email protection"],
      requestedExtendedKeyUsage: ["client auth", "email protection", "email protection"],
    });
  });

  it.each(["", "Server Auth", "toString", "unknown"])("refuses %j", (usage) => {
    expect(() => resolveUsages([usage], false)).toThrow(PermanentError);
  });
});

describe("the usage extensions", () => {
  it("come back as they went in", () => {
    fc.assert(
      fc.property(fc.subarray([...keyUsageWords], { minLength: 1 }), (words) => {
        expect(readKeyUsage(encodeKeyUsage(words))).toEqual(words);
      }),
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...Object.keys(extendedKeyUsageOids), "1.2.840.1"], { minLength: 1 }),
        (words) => {
          expect(readExtendedKeyUsage(encodeExtendedKeyUsage(words))).toEqual(words);
        },
      ),
    );
  });

  it("are named bit lists without trailing zeros", () => {
    expect(Buffer.from(encodeKeyUsage(["digital signature"])).toString("hex")).toBe("03020780");
    expect(Buffer.from(encodeKeyUsage(["cert sign", "crl sign"])).toString("hex")).toBe("03020106");
    expect(Buffer.from(encodeKeyUsage(["decipher only"])).toString("hex")).toBe("0303070080");
  });
});

describe("deterministicSerial", () => {
  it("is 19 octets, positive, the same for the same seed and another for another", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i += 1) {
      const serial = deterministicSerial(`seed ${i}`);
      expect(serial).toHaveLength(19);
      expect((serial[0] ?? 0) & 0xc0).toBe(0x40);
      expect(deterministicSerial(`seed ${i}`)).toEqual(serial);
      seen.add(Buffer.from(serial).toString("hex"));
    }
    expect(seen.size).toBe(2000);
  });
});

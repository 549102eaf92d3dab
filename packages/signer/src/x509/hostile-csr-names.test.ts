import { describe, expect, it } from "vitest";
import { parseCsr } from "./certification-request.ts";
import { encodeBasicConstraints, encodeExtension, encodeKeyUsage } from "./extensions.ts";
import { ec, expectRefused } from "./hostile-csr-fixture.ts";
import { hostileNames } from "./hostile-csr-names-fixture.ts";
import { oids } from "./oid.ts";
import { generalName, sanExtension } from "./request-fixture.ts";

const extension = (oid: string, value: Uint8Array, critical = false): Uint8Array =>
  encodeExtension(oid, critical, value);

describe("a certification request", () => {
  it.each(hostileNames)("with %s is refused", (_name, make, message) => {
    expectRefused(make(), message);
  });

  it("may ask for wildcards, an absolute name, IPv6, a CA and a path length", () => {
    const csr = parseCsr(
      ec({
        extensions: [
          sanExtension(
            generalName(2, "*.a.example"),
            generalName(2, "_x.a.example."),
            generalName(7, new Uint8Array(16)),
          ),
          extension(oids.keyUsage, encodeKeyUsage(["digital signature", "decipher only"]), true),
          extension(oids.basicConstraints, encodeBasicConstraints({ isCA: true, pathLength: 3 }), true),
        ],
      }),
    );
    expect(csr.names).toMatchObject({ dns: ["*.a.example", "_x.a.example."], ip: ["::"] });
    expect(csr.keyUsage).toEqual(["digital signature", "decipher only"]);
    expect(csr.basicConstraints).toEqual({ isCA: true, pathLength: 3 });
  });
});

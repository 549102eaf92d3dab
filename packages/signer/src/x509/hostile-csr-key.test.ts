import { execFileSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ec, expectRefused } from "./hostile-csr-fixture.ts";
import { ecSpki, forgeWithExponentOne, hostileKeys } from "./hostile-csr-key-fixture.ts";
import { encodePem } from "./pem.ts";

describe("a certification request", () => {
  it.each(hostileKeys)("with %s is refused", (_name, make, message) => {
    expectRefused(make(), message);
  });

  it("forged with e = 1 would verify in OpenSSL, so the refusal is what protects", () => {
    const { spki, info, signature } = forgeWithExponentOne();
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    expect(verify("sha256", info, publicKey, signature)).toBe(true);
  });

  it("with an EC point at infinity does not abort the process", () => {
    const modulePath = fileURLToPath(new URL("./certification-request.ts", import.meta.url));
    const pem = encodePem("CERTIFICATE REQUEST", ec({ spki: ecSpki(Uint8Array.of(0)) }));
    const script = `
      import { parseCsr } from ${JSON.stringify(modulePath)};
      try { parseCsr(${JSON.stringify(pem)}); } catch (error) { console.log(error.name, error.message); }
    `;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(output).toMatch(/^InvalidCsrError .*point at infinity/);
  });
});

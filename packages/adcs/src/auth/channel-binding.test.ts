import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { IssuerError } from "@countersign/issuer-signer";
import { afterAll, expect, test } from "vitest";
import { bindingOfEndPoint, channelBinding } from "./channel-binding.ts";

test("makes the 16 bytes that Windows computes of an end point", () => {
  // Published with [MS-NLMP] implementations, after the article "Authentication and Channel Bindings".
  const hash = Buffer.from("ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95", "hex");
  expect(Buffer.from(bindingOfEndPoint(hash)).toString("hex")).toBe("6586e99d81c2fc984e47172fd4dd0310");
});

function certificate(...options: readonly string[]): Uint8Array {
  const args = ["req", "-x509", "-nodes", "-subj", "/CN=ca", "-keyout", "/dev/null", ...options];
  return new X509Certificate(execFileSync("openssl", args, { stdio: ["ignore", "pipe", "ignore"] })).raw;
}

const rsaKey = join(mkdtempSync(join(tmpdir(), "countersign-binding-")), "key.pem");
execFileSync("openssl", ["genrsa", "-out", rsaKey, "2048"], { stdio: "ignore" });
afterAll(() => rmSync(dirname(rsaKey), { recursive: true }));

const rsa = ["-key", rsaKey];
const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const pss = (hash: string) => [...rsa, `-${hash}`, "-sigopt", "rsa_padding_mode:pss"];

test.each([
  ["RSA with SHA-256", "sha256", [...rsa, "-sha256"]],
  ["RSA with SHA-384", "sha384", [...rsa, "-sha384"]],
  ["RSA with SHA-512", "sha512", [...rsa, "-sha512"]],
  ["RSA with SHA-224", "sha224", [...rsa, "-sha224"]],
  ["RSA with SHA-1, which counts as SHA-256", "sha256", [...rsa, "-sha1"]],
  ["RSA with MD5, which counts as SHA-256", "sha256", [...rsa, "-md5"]],
  ["ECDSA with SHA-256", "sha256", [...ec, "-sha256"]],
  ["ECDSA with SHA-384", "sha384", [...ec, "-sha384"]],
  ["ECDSA with SHA-512", "sha512", [...ec, "-sha512"]],
  ["ECDSA with SHA-1, which counts as SHA-256", "sha256", [...ec, "-sha1"]],
  ["RSA-PSS with SHA-256", "sha256", pss("sha256")],
  ["RSA-PSS with SHA-512", "sha512", pss("sha512")],
  [
    "RSA-PSS with two hashes, which RFC 5929 does not define",
    "sha256",
    [...pss("sha512"), "-sigopt", "rsa_mgf1_md:sha256"],
  ],
  ["Ed25519, which RFC 5929 does not define", "sha256", ["-newkey", "ed25519"]],
])("hashes a certificate signed by %s", (_, hash, options) => {
  const der = certificate(...options);
  const expected = bindingOfEndPoint(createHash(hash).update(der).digest());
  expect(channelBinding(der)).toEqual(expected);
});

test.each([
  ["nothing, as a resumed TLS session gives", Buffer.alloc(0)],
  ["no DER", Buffer.from("-----BEGIN CERTIFICATE-----")],
  ["no certificate", Buffer.from("3003020101", "hex")],
])("refuses %s", (_, bytes) => {
  expect(() => channelBinding(bytes)).toThrow(IssuerError);
});

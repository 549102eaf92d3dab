import { generateKeyPairSync, sign } from "node:crypto";
import { encodePem, RequestRejected } from "@countersign/issuer-signer";
import {
  contextTag,
  der,
  derBitString,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
} from "@countersign/issuer-signer/der";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { connectTo } from "./connect-fixture.ts";
import { assertSpeaksPlainly } from "./request-guard.ts";

const sid = "S-1-5-21-1004336348-1177238915-682003330-500";
const uri = `tag:microsoft.com,2022-09-14:sid:${sid}`;

describe("URIs that name a Windows account", () => {
  test.each([
    uri,
    uri.toUpperCase(),
    `Tag:Microsoft.com,2022-09-14:SID:${sid}`,
    `tag:microsoft.com%2C2022-09-14:sid:${sid}`,
    `tag:microsoft.com,2022-09-14:%73id:${sid}`,
  ])("%s is refused", async (forged) => {
    const request = await signRequestFor({ uris: ["spiffe://corp/web", forged] });
    expect(() => assertSpeaksPlainly(request, [])).toThrow(RequestRejected);
    expect(() => assertSpeaksPlainly(request, [`${sid}1`])).toThrow(/allowedSids/);
  });

  test("is let through where the issuer allows it, in that very form", async () => {
    const allowed = await signRequestFor({ uris: [uri] });
    expect(() => assertSpeaksPlainly(allowed, [sid])).not.toThrow();
    const disguised = await signRequestFor({ uris: [uri.toUpperCase()] });
    expect(() => assertSpeaksPlainly(disguised, [sid])).toThrow(RequestRejected);
  });

  test("nothing of it reaches the CA", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv);
    await expect(adcs.sign({ uris: [uri] })).rejects.toThrow(RequestRejected);
    expect(certsrv.calls).toEqual([]);
  });
});

const set = (...values: readonly Uint8Array[]) => der(0x31, ...values);
const text = (value: string) => der(0x1e, Buffer.from(value, "utf16le").swap16());
const extension = (oid: string) => derSequence(derOid(oid), derOctetString(derSequence()));
const attribute = (oid: string, value: Uint8Array) => derSequence(derOid(oid), set(value));
const extensionRequest = (...extensions: readonly Uint8Array[]) =>
  attribute("1.2.840.113549.1.9.14", derSequence(...extensions));

/** A request of a new key with these attributes. */
function csrWith(...attributes: readonly Uint8Array[]): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const info = derSequence(derSmallInteger(0), derSequence(), spki, der(contextTag(0, true), ...attributes));
  const signature = derBitString(sign("sha256", info, privateKey));
  return encodePem(
    "CERTIFICATE REQUEST",
    derSequence(info, derSequence(derOid("1.2.840.10045.4.3.2")), signature),
  );
}

describe("what a CSR could tell an AD CS behind the approver's back", () => {
  test.each([
    [
      "an account's security identifier",
      extensionRequest(extension("1.3.6.1.4.1.311.25.2")),
      /security identifier/,
    ],
    ["a template by name", extensionRequest(extension("1.3.6.1.4.1.311.20.2")), /a template/],
    ["a template by OID", extensionRequest(extension("1.3.6.1.4.1.311.21.7")), /a template/],
    ["application policies", extensionRequest(extension("1.3.6.1.4.1.311.21.10")), /application policies/],
    [
      "extensions in Microsoft's attribute",
      attribute("1.3.6.1.4.1.311.2.1.14", derSequence(extension("2.5.29.17"))),
      /attribute 1\.3\.6\.1\.4\.1\.311\.2\.1\.14/,
    ],
    [
      "a name and a value",
      attribute("1.3.6.1.4.1.311.13.2.1", derSequence(text("SAN"), text("upn=administrator@corp.test"))),
      /attribute 1\.3\.6\.1\.4\.1\.311\.13\.2\.1/,
    ],
  ])("%s is refused", async (_, attributes, message) => {
    const request = await signRequestFor({ csr: csrWith(attributes) });
    expect(() => assertSpeaksPlainly(request, [])).toThrow(message);
  });

  test("a password and the version of Windows say nothing", async () => {
    const password = attribute("1.2.840.113549.1.9.7", der(0x0c, Buffer.from("secret")));
    const version = attribute("1.3.6.1.4.1.311.13.2.3", der(0x16, Buffer.from("10.0.20348.2")));
    const request = await signRequestFor({ csr: csrWith(password, version) });
    expect(() => assertSpeaksPlainly(request, [])).not.toThrow();
  });
});

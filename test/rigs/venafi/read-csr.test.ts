import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { encodePem, newPrivateKey, parseCsr } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import { newCsr } from "./csr-fixture.ts";
import { readCsrLeniently } from "./read-csr.ts";

const hex = (text: string) => Buffer.from(text, "hex");

function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? hex("") : body.length < 0x100 ? hex("81") : hex("82");
  const octets = body.length < 0x100 ? [body.length] : [body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag]), length, Buffer.from(octets), body]);
}

/** What Go's client makes of a request without names: an extension request of one empty subjectAltName. */
async function requestWithEmptySan(key: KeyObject, signer = key): Promise<string> {
  const { subjectDer } = parseCsr(await newCsr({ key, dnsNames: [] }));
  const extensions = tlv(0x30, hex("30090603551d1104023000"));
  const attribute = tlv(0x30, hex("06092a864886f70d01090e"), tlv(0x31, extensions));
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const info = tlv(0x30, hex("020100"), subjectDer, spki, tlv(0xa0, attribute));
  const isRsa = key.asymmetricKeyType === "rsa";
  const algorithm = hex(isRsa ? "300d06092a864886f70d01010b0500" : "300a06082a8648ce3d040302");
  const bits = tlv(0x03, hex("00"), sign("sha256", info, signer));
  return encodePem("CERTIFICATE REQUEST", tlv(0x30, info, algorithm, bits));
}

const ec = () => newPrivateKey({ name: "EC", curve: "P-256" });

test.each([
  ["EC", ec()],
  ["RSA", newPrivateKey({ name: "RSA", modulusLength: 2048 })],
])("an empty list of names counts as none, with a key of type %s", async (_type, key) => {
  const pem = await requestWithEmptySan(key);
  expect(() => parseCsr(pem)).toThrow("subject alternative name extension is empty");
  const csr = await readCsrLeniently(pem);
  expect(csr).toMatchObject({ commonName: "web.example.com", sanDer: undefined, names: { dns: [] } });
  expect(csr.publicKey.equals(createPublicKey(key))).toBe(true);
  expect(csr.spkiDer).toEqual(createPublicKey(key).export({ type: "spki", format: "der" }));
});

test("its signature counts all the same", async () => {
  await expect(requestWithEmptySan(ec(), ec()).then(readCsrLeniently)).rejects.toThrow("does not verify");
});

test("what else is wrong with it is refused", async () => {
  const small = newPrivateKey({ name: "EC", curve: "P-256" });
  const [begin, body = "", end] = (await requestWithEmptySan(small)).split(/(?<=-----)\n|\n(?=-----)/);
  const der = Buffer.from(body, "base64");
  const wrapped = (bytes: Uint8Array) => `${begin}\n${Buffer.from(bytes).toString("base64")}\n${end}\n`;
  await expect(readCsrLeniently(wrapped(der.subarray(0, -9)))).rejects.toThrow("certificate request refused");
  await expect(readCsrLeniently(wrapped(tlv(0x30, der)))).rejects.toThrow("certificate request refused");
  const noKey = Buffer.from(
    der.toString("latin1").replace("\x2a\x86\x48\xce\x3d\x02\x01", "\0\0\0\0\0\0\0"),
    "latin1",
  );
  await expect(readCsrLeniently(wrapped(noKey))).rejects.toThrow("it is malformed");
});

test("any other request is read as the toolkit reads it", async () => {
  const pem = await newCsr();
  expect(await readCsrLeniently(pem)).toEqual(parseCsr(pem));
  await expect(readCsrLeniently("nonsense")).rejects.toThrow("certificate request refused");
});

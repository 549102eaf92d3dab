import { createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { OpenRequest } from "../protocol.ts";
import { CKF, CKM, CKR } from "./constants.ts";
import { FakeCryptoki, fakeKey } from "./cryptoki-fixture.ts";
import { TokenHost } from "./token-host.ts";

const message = Buffer.from("to be signed");

function host(fake: FakeCryptoki, overrides: Partial<OpenRequest> = {}): TokenHost {
  // The fake signs messages: see there.
  fake.mechanisms = [CKM.ECDSA_SHA256];
  return new TokenHost(fake.cryptoki, {
    modulePath: "/fake",
    moduleParameters: undefined,
    token: { label: "ca1" },
    key: { label: "ca" },
    pin: "1234",
    algorithm: undefined,
    pss: false,
    sessions: 2,
    ...overrides,
  });
}

function isGood(fake: FakeCryptoki, signature: Uint8Array): boolean {
  const [{ key }] = fake.keys as [ReturnType<typeof fakeKey>];
  return verify("sha256", message, { key: createPublicKey(key), dsaEncoding: "ieee-p1363" }, signature);
}

describe("open", () => {
  test("answers the key with one C_Initialize, one C_Login and one test signature", async () => {
    const fake = new FakeCryptoki();
    const opened = await host(fake).open();
    expect(opened).toMatchObject({ algorithm: "ECDSA-SHA256", input: "message", keyIdHex: "01" });
    expect(opened.token).toEqual({ label: "ca1", serial: "42", model: "fake" });
    expect(["C_Initialize", "C_Login", "C_Sign"].map((name) => fake.count(name))).toEqual([1, 1, 1]);
  });

  test.each([
    [
      "another token's label",
      { token: { label: "other" } },
      "unavailable",
      'no token labelled "other" is present (1 others are)',
    ],
    ["another serial number", { token: { serial: "43" } }, "unavailable", 'no token with serial number "43"'],
    [
      "a label that no key has",
      { key: { label: "other" } },
      "configuration",
      'no private key labelled "other"',
    ],
    ["an id that no key has", { key: { idHex: "99" } }, "configuration", "no private key with id 99"],
    ["no PIN for a token that wants one", { pin: undefined }, "configuration", "the token wants a PIN"],
  ])("refuses %s", async (_, overrides, kind, words) => {
    const opening = host(new FakeCryptoki(), overrides).open();
    await expect(opening).rejects.toMatchObject({ kind, message: expect.stringContaining(words) });
  });

  test("refuses two keys with one label, and takes the one of the CA certificate", async () => {
    const [one, two] = [fakeKey({ id: "01" }), fakeKey({ id: "02" })];
    const fake = new FakeCryptoki([one, two]);
    await expect(host(fake).open()).rejects.toMatchObject({
      kind: "configuration",
      message: expect.stringContaining('2 private keys on the token match labelled "ca"'),
    });
    const spki = createPublicKey(two.key).export({ type: "spki", format: "der" });
    expect(await host(fake, { key: { spki } }).open()).toMatchObject({ keyIdHex: "02" });
  });

  test("refuses a key that is not the CA certificate's, whether the token shows its public key or not", async () => {
    const spki = createPublicKey(fakeKey().key).export({ type: "spki", format: "der" });
    await expect(host(new FakeCryptoki(), { key: { spki } }).open()).rejects.toMatchObject({
      kind: "configuration",
      message: expect.stringContaining("none of the token's 1 private keys of the CA certificate is the key"),
    });
    const hidden = new FakeCryptoki([fakeKey({ showsPublicKey: false })]);
    await expect(host(hidden, { key: { spki } }).open()).rejects.toMatchObject({
      kind: "configuration",
      message: expect.stringContaining("test signature does not verify"),
    });
  });

  test("binds a key whose public key the token hides by its signature", async () => {
    const key = fakeKey({ showsPublicKey: false });
    const spki = createPublicKey(key.key).export({ type: "spki", format: "der" });
    expect(await host(new FakeCryptoki([key]), { key: { spki } }).open()).toMatchObject({ keyIdHex: "01" });
    await expect(host(new FakeCryptoki([key])).open()).rejects.toMatchObject({
      message: expect.stringContaining("the token does not show the public key"),
    });
  });

  test("takes the next mechanism where the token offers one that it does not allow", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    fake.mechanisms = [CKM.ECDSA, CKM.ECDSA_SHA256];
    fake.failures.set("C_SignInit", [CKR.MECHANISM_INVALID]);
    expect((await it.open()).input).toBe("message");
    const without = host(fake);
    fake.mechanisms = [CKM.RSA_PKCS];
    await expect(without.open()).rejects.toMatchObject({
      kind: "configuration",
      message: expect.stringContaining("no mechanism for ECDSA-SHA256"),
    });
  });
});

describe("the PIN", () => {
  test("is tried once, whatever is called afterwards", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake, { pin: "wrong" });
    for (const call of [() => it.open(), () => it.open(), () => it.sign(message), () => it.check()])
      await expect(call()).rejects.toMatchObject({ kind: "pin" });
    expect(fake.count("C_Login")).toBe(1);
  });

  test("is not tried on a token that would lock, or is locked", async () => {
    for (const flag of [CKF.USER_PIN_FINAL_TRY, CKF.USER_PIN_LOCKED]) {
      const fake = new FakeCryptoki();
      fake.flags |= flag;
      await expect(host(fake).open()).rejects.toMatchObject({ kind: "pin" });
      expect(fake.count("C_Login")).toBe(0);
    }
  });

  test("that was changed while the login was lost is tried once, and never again", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    await it.open();
    fake.pin = "changed";
    fake.failures.set("C_SignInit", [CKR.USER_NOT_LOGGED_IN]);
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "pin" });
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "pin" });
    expect(fake.count("C_Login")).toBe(2);
  });

  test("is given for each signature of a key that wants that", async () => {
    const fake = new FakeCryptoki([fakeKey({ alwaysAuthenticate: true })]);
    const it = host(fake);
    await it.open();
    expect(isGood(fake, await it.sign(message))).toBe(true);
    expect(isGood(fake, await it.sign(message))).toBe(true);
    expect(fake.count("C_Login(context)")).toBe(3);
    expect(fake.count("C_Login")).toBe(1);
  });
});

describe("the ladder", () => {
  const { SESSION_HANDLE_INVALID, OPERATION_ACTIVE, USER_NOT_LOGGED_IN, OBJECT_HANDLE_INVALID } = CKR;
  const { DEVICE_ERROR, DEVICE_REMOVED, GENERAL_ERROR, CRYPTOKI_NOT_INITIALIZED } = CKR;
  const vendorValue = 0x8000_0001;

  test.each([
    ["a lost session", SESSION_HANDLE_INVALID, { logins: 1, inits: 1 }],
    ["an operation left active", OPERATION_ACTIVE, { logins: 1, inits: 1 }],
    ["a lost login", USER_NOT_LOGGED_IN, { logins: 2, inits: 1 }],
    ["a stale handle", OBJECT_HANDLE_INVALID, { logins: 2, inits: 1 }],
    ["a device error", DEVICE_ERROR, { logins: 2, inits: 2 }],
    ["a removed device", DEVICE_REMOVED, { logins: 2, inits: 2 }],
    ["a general error", GENERAL_ERROR, { logins: 2, inits: 2 }],
    ["a module that somebody finalised", CRYPTOKI_NOT_INITIALIZED, { logins: 2, inits: 2 }],
    ["a vendor's own value", vendorValue, { logins: 2, inits: 2 }],
  ])("%s is mended in the same call, at no more cost than it needs", async (_, value, { logins, inits }) => {
    for (const place of ["C_SignInit", "C_Sign"]) {
      const fake = new FakeCryptoki();
      const it = host(fake);
      await it.open();
      fake.failures.set(place, [value]);
      expect(isGood(fake, await it.sign(message))).toBe(true);
      expect({ logins: fake.count("C_Login"), inits: fake.count("C_Initialize") }).toEqual({ logins, inits });
    }
  });

  test("climbs where the lower step does not help, and ends", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    await it.open();
    fake.failures.set("C_SignInit", [SESSION_HANDLE_INVALID, SESSION_HANDLE_INVALID, SESSION_HANDLE_INVALID]);
    expect(isGood(fake, await it.sign(message))).toBe(true);
    expect(fake.count("C_Initialize")).toBe(2);
    fake.failures.set("C_SignInit", new Array(99).fill(SESSION_HANDLE_INVALID));
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("a token that went away is unavailable, also where it hides its keys without an error; its return is found", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    await it.open();
    fake.present = false;
    fake.failures.set("C_SignInit", [DEVICE_ERROR]);
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "unavailable" });
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "unavailable" });
    fake.present = true;
    const keys = fake.keys.splice(0);
    await expect(it.sign(message)).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("no longer shows the key"),
    });
    fake.keys.push(...keys);
    expect(isGood(fake, await it.sign(message))).toBe(true);
  });

  test("a key that was made anew under the old label is not signed with", async () => {
    const fake = new FakeCryptoki();
    const [old] = fake.keys as [ReturnType<typeof fakeKey>];
    const spki = createPublicKey(old.key).export({ type: "spki", format: "der" });
    const it = host(fake, { key: { label: "ca", spki } });
    await it.open();
    fake.keys.splice(0, 1, fakeKey());
    fake.failures.set("C_SignInit", [OBJECT_HANDLE_INVALID]);
    await expect(it.sign(message)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("throws no session away that served, and every one that failed", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    await it.open();
    const before = fake.count("C_OpenSession");
    for (let i = 0; i < 5; i += 1) await it.sign(message);
    expect(fake.count("C_OpenSession")).toBe(before);
    fake.failures.set("C_Sign", [OPERATION_ACTIVE]);
    await it.sign(message);
    expect(fake.count("C_OpenSession")).toBe(before + 1);
    expect(fake.count("C_CloseSession")).toBe(1);
  });

  test("finalises only when the last signature has ended, and once for all that failed together", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake, { sessions: 4 });
    await it.open();
    fake.holdSigning = true;
    const signing = [it.sign(message), it.sign(message)];
    await expect.poll(() => fake.held.length).toBe(2);
    fake.failures.set("C_SignInit", [DEVICE_ERROR, DEVICE_ERROR]);
    signing.push(it.sign(message), it.sign(message));
    await expect.poll(() => fake.count("C_SignInit")).toBe(5);
    expect(fake.count("C_Finalize")).toBe(0);
    fake.holdSigning = false;
    for (const release of fake.held) release();
    for (const signature of await Promise.all(signing)) expect(isGood(fake, signature)).toBe(true);
    expect(fake.count("C_Finalize")).toBe(1);
  });

  test("close waits for the running signature", async () => {
    const fake = new FakeCryptoki();
    const it = host(fake);
    await it.open();
    fake.holdSigning = true;
    const signing = it.sign(message);
    await expect.poll(() => fake.held.length).toBe(1);
    const closing = it.close();
    for (const release of fake.held) release();
    expect(isGood(fake, await signing)).toBe(true);
    await closing;
    expect(fake.calls.at(-1)).toBe("C_Finalize");
  });
});

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { CaSigner } from "@countersign/issuer-signer";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { watchLoopLag } from "../../../test/rigs/loop-lag.ts";
import { createP11Fault, type P11Fault } from "../../../test/rigs/p11-fault.ts";
import { startP11KitServer } from "../../../test/rigs/p11kit-server.ts";
import { describeWithPkcs11 } from "../../../test/rigs/pkcs11-tools.ts";
import { createSoftHsm, type SoftHsm, softHsmPin } from "../../../test/rigs/softhsm.ts";
import { HsmKey, type HsmKeyOptions } from "./hsm-key.ts";
import type { HsmTokenState } from "./hsm-token.ts";

// How many kills and signatures; the full number by COUNTERSIGN_HSM_FULL=1 (docs/guides/hsm.md).
const full = process.env.COUNTERSIGN_HSM_FULL === "1";
const kills = full ? 100 : 8;

describeWithPkcs11("a token's bad days", () => {
  let hsm: SoftHsm;
  const keys: HsmKey[] = [];

  beforeAll(async () => {
    hsm = await createSoftHsm();
    await hsm.addToken("ca1", [
      { type: "EC:secp256r1", label: "p256", id: "01" },
      { type: "EC:edwards25519", label: "ed25519", id: "02" },
    ]);
  });
  afterEach(async () => {
    await Promise.all(keys.splice(0).map((key) => key.close()));
  });
  afterAll(() => hsm[Symbol.asyncDispose]());

  function keyOn(
    rig: { readonly modulePath: string; readonly env: Readonly<Record<string, string>> },
    options: Partial<HsmKeyOptions> = {},
    pin = softHsmPin,
  ): HsmKey {
    const key = new HsmKey({
      tokens: [
        { modulePath: rig.modulePath, token: { label: "ca1" }, pin, env: { ...process.env, ...rig.env } },
      ],
      key: { label: "p256" },
      ...options,
    });
    keys.push(key);
    return key;
  }

  const message = Buffer.from("message");
  /** Signatures are verified by HsmKey; whatever it gives out and does not verify would be a wrong certificate. */
  const sign = async (signer: CaSigner) => signer.sign(message);

  describe("a server that is killed and comes back", () => {
    test(`${kills} times: the first signature follows within 2 s, nothing else fails`, async () => {
      await using server = await startP11KitServer(hsm.modulePath, hsm.env);
      const signer = await keyOn(server, { patienceMs: 20_000 }).signer();
      const waits: number[] = [];
      for (let i = 0; i < kills; i += 1) {
        const signing = Array.from({ length: 8 }, () => sign(signer));
        await server.kill();
        const more = Array.from({ length: 8 }, () => sign(signer));
        await delay(20 + ((i * 97) % 700));
        await server.restart();
        const back = performance.now();
        await Promise.race(more.map((one) => one.then(() => waits.push(performance.now() - back))));
        expect(await Promise.all([...signing, ...more])).toHaveLength(16);
      }
      expect(Math.max(...waits)).toBeLessThan(2_000);
    }, 600_000);
  });

  test("a token that is taken away and brought back is found again", async () => {
    const states: HsmTokenState[] = [];
    const key = keyOn(hsm, { patienceMs: 300, onTokenState: (state) => states.push(state) });
    const signer = await key.signer();
    const bringBack = await hsm.takeAway();
    try {
      await expect(sign(signer)).rejects.toMatchObject({ code: "ISSUER" });
      await expect(key.check()).rejects.toMatchObject({
        code: "ISSUER",
        message: expect.stringContaining('no token labelled "ca1" is present'),
      });
    } finally {
      await bringBack();
    }
    await key.check();
    expect((await sign(signer)).length).toBeGreaterThan(68);
    expect(states.map(({ up }) => up)).toEqual([true, false, true]);
  });

  test("the second token signs while the first is away, and the first again afterwards", async () => {
    await using other = await createSoftHsm();
    await hsm.copyTo(other);
    await using first = await startP11KitServer(hsm.modulePath, hsm.env);
    await using second = await startP11KitServer(other.modulePath, other.env);
    // Both clients are one module: its server is named by the environment, so each token has a module path of its own.
    await using faulty = await createP11Fault(second.modulePath, second.env);
    const states: string[] = [];
    const token = { token: { label: "ca1" }, pin: softHsmPin };
    const key = keyOn(first, {
      tokens: [
        { modulePath: first.modulePath, ...token, env: { ...process.env, ...first.env } },
        { modulePath: faulty.modulePath, ...token, env: { ...process.env, ...faulty.env } },
      ],
      onTokenState: ({ up }) => void states.push(up ? "up" : "down"),
    });
    const signer = await key.signer();
    const before = await faulty.count("C_Sign");
    expect(before).toBe(0);
    await first.kill();
    const started = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => sign(signer)));
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await faulty.count("C_Sign")).toBeGreaterThanOrEqual(20);
    await first.restart();
    await delay(1_100);
    await sign(signer);
    const after = await faulty.count("C_Sign");
    await sign(signer);
    expect(await faulty.count("C_Sign")).toBe(after);
    expect(states).toEqual(["up", "down", "up", "up"]);
  });

  describe("with a module that counts and misbehaves", () => {
    let fault: P11Fault;
    beforeAll(async () => {
      fault = await createP11Fault(hsm.modulePath, hsm.env);
    });
    afterEach(() => fault.set());
    afterAll(() => fault[Symbol.asyncDispose]());

    test("a wrong PIN is one C_Login, over checks, signatures and restarts of the process", async () => {
      const before = await fault.count("C_Login");
      const key = keyOn(fault, {}, "wrong-pin");
      for (let i = 0; i < 3; i += 1) {
        await expect(key.check()).rejects.toMatchObject({ code: "ISSUER" });
        await expect(key.signer()).rejects.toMatchObject({ code: "ISSUER" });
      }
      expect((await fault.count("C_Login")) - before).toBe(1);
    });

    test("a login that was lost and cannot be renewed is one more C_Login, also over a restart of the process", async () => {
      const key = keyOn(fault, { patienceMs: 200 });
      const signer = await key.signer();
      const before = await fault.count("C_Login");
      await fault.set(
        { function: "C_SignInit", answer: 0x101, count: 1 },
        { function: "C_Login", answer: 0xa0 },
      );
      await expect(sign(signer)).rejects.toMatchObject({ code: "ISSUER", message: /refused the PIN/ });
      await fault.set({ function: "C_Login", answer: 0xa0 });
      for (let i = 0; i < 3; i += 1) await expect(sign(signer)).rejects.toMatchObject({ code: "ISSUER" });
      await expect(key.check()).rejects.toMatchObject({ code: "ISSUER" });
      expect((await fault.count("C_Login")) - before).toBe(1);
    });

    test("a C_Sign that hangs for 30 s ends at the deadline, and our event loop never waits", async () => {
      const key = keyOn(fault, { callTimeoutMs: 2_000, patienceMs: 100 });
      const signer = await key.signer();
      // A module in our own process would have taken the four threads that files and names are read with.
      await fault.set({ function: "C_Sign", delayMs: 30_000 });
      const lag = await watchLoopLag();
      const signing = Array.from({ length: 8 }, () =>
        expect(sign(signer)).rejects.toMatchObject({ code: "ISSUER" }),
      );
      const reads: number[] = [];
      const started = performance.now();
      while (performance.now() - started < 2_500) {
        const at = performance.now();
        await readFile(import.meta.filename);
        reads.push(performance.now() - at);
        await delay(5);
      }
      const { p999Ms, idleP999Ms } = await lag();
      await Promise.all(signing);
      expect(p999Ms - idleP999Ms).toBeLessThanOrEqual(50);
      reads.sort((a, b) => a - b);
      // Half of them: a busy machine delays single ones, a blocked pool of threads delays all.
      expect(reads[Math.floor(reads.length / 2)]).toBeLessThanOrEqual(50);
      await fault.set();
      await expect
        .poll(() => sign(signer).then((signature) => signature.length), { timeout: 10_000 })
        .toBeGreaterThan(68);
    });

    test("a signature that does not verify never gets out", async () => {
      const signer = await keyOn(fault, { patienceMs: 2_000 }).signer();
      await fault.set({ function: "C_Sign", answer: "corrupt", count: 1 });
      await sign(signer);
      await fault.set({ function: "C_Sign", answer: "corrupt" });
      await expect(sign(signer)).rejects.toMatchObject({
        code: "ISSUER",
        message: expect.stringMatching(/does not verify/),
      });
    });

    test.each([
      ["CKR_DEVICE_ERROR", 0x30],
      ["CKR_DEVICE_REMOVED", 0x32],
      ["CKR_SESSION_HANDLE_INVALID", 0xb3],
      ["CKR_USER_NOT_LOGGED_IN", 0x101],
      ["CKR_FUNCTION_FAILED", 0x06],
      ["a vendor's value", 0x8000_0001],
    ])("%s now and then is not seen outside", async (_, answer) => {
      const signer = await keyOn(fault).signer();
      for (const name of ["C_SignInit", "C_Sign", "C_OpenSession"]) {
        await fault.set({ function: name, answer, count: 1 });
        expect(await Promise.all(Array.from({ length: 8 }, () => sign(signer)))).toHaveLength(8);
      }
    });
  });

  test.each([
    ["a hash", "p256", 32, full ? 10_000 : 3_000],
    ["a message of 6 kB", "ed25519", 6_000, full ? 10_000 : 3_000],
  ])(
    "signatures over %s are right while memory is collected around them",
    async (_, label, messageBytes, count) => {
      const script = join(import.meta.dirname, "module", "gc-pressure-fixture.ts");
      const request = {
        modulePath: hsm.modulePath,
        token: { label: "ca1" },
        key: { label },
        pin: softHsmPin,
        sessions: 8,
      };
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--expose-gc", script, JSON.stringify({ ...request, pss: false, count, messageBytes })],
        { env: { ...process.env, ...hsm.env } },
      );
      expect(JSON.parse(stdout)).toEqual({ signatures: count, bad: 0 });
    },
    300_000,
  );
});

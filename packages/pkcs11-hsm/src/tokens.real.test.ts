import { createPublicKey, verify } from "node:crypto";
import type { CaSigner, SignatureAlgorithm } from "@countersign/issuer-signer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNssSoftokn, type NssSoftokn } from "../../../test/rigs/nss-softokn.ts";
import { type P11KitServer, startP11KitServer } from "../../../test/rigs/p11kit-server.ts";
import { describeWithPkcs11 } from "../../../test/rigs/pkcs11-tools.ts";
import { createSoftHsm, type SoftHsm, softHsmPin } from "../../../test/rigs/softhsm.ts";
import { HsmKey } from "./hsm-key.ts";
import { hashOf } from "./module/mechanisms.ts";

/** Where a suite finds its keys. */
interface Target {
  readonly modulePath: string;
  readonly moduleParameters?: string | undefined;
  readonly tokenLabel: string;
  readonly pin: string;
  readonly env: Readonly<Record<string, string>>;
}

interface KeyCase {
  readonly label: string;
  readonly pss?: boolean;
  readonly algorithm: SignatureAlgorithm;
  /** Signatures to make: NSS derives a key from the PIN for each use of an RSA key, which takes 50 ms and more. */
  readonly signatures: number;
}

const softHsmKeys = [
  { type: "rsa:2048", label: "rsa-2048", id: "01" },
  { type: "rsa:3072", label: "rsa-3072", id: "02" },
  { type: "rsa:4096", label: "rsa-4096", id: "03" },
  { type: "EC:secp256r1", label: "p256", id: "04" },
  { type: "EC:secp384r1", label: "p384", id: "05" },
  { type: "EC:secp521r1", label: "p521", id: "06" },
  { type: "EC:edwards25519", label: "ed25519", id: "07" },
  { type: "EC:secp256r1", label: "always", id: "08", alwaysAuthenticate: true },
] as const;

const softHsmCases: readonly KeyCase[] = [
  { label: "rsa-2048", algorithm: "RSA-SHA256", signatures: 50 },
  { label: "rsa-2048", pss: true, algorithm: "RSA-PSS-SHA256", signatures: 50 },
  { label: "rsa-3072", algorithm: "RSA-SHA384", signatures: 50 },
  { label: "rsa-3072", pss: true, algorithm: "RSA-PSS-SHA384", signatures: 50 },
  { label: "rsa-4096", algorithm: "RSA-SHA512", signatures: 50 },
  { label: "rsa-4096", pss: true, algorithm: "RSA-PSS-SHA512", signatures: 50 },
  // Every 256th r or s has a leading zero octet, which the DER must not have.
  { label: "p256", algorithm: "ECDSA-SHA256", signatures: 1_000 },
  { label: "p384", algorithm: "ECDSA-SHA384", signatures: 100 },
  { label: "p521", algorithm: "ECDSA-SHA512", signatures: 100 },
  { label: "ed25519", algorithm: "Ed25519", signatures: 100 },
  { label: "always", algorithm: "ECDSA-SHA256", signatures: 100 },
];

function keyOn(
  { modulePath, moduleParameters, tokenLabel, pin, env }: Target,
  label: string,
  pss = false,
): HsmKey {
  return new HsmKey({
    tokens: [
      { modulePath, moduleParameters, token: { label: tokenLabel }, pin, env: { ...process.env, ...env } },
    ],
    key: { label },
    pss,
    callTimeoutMs: 30_000,
  });
}

async function signAndVerify(signer: CaSigner, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => Buffer.from(`message ${i}`.padEnd(1_200)));
  const signatures = await Promise.all(messages.map(async (message) => signer.sign(message)));
  const padding = signer.algorithm.startsWith("RSA-PSS") ? { padding: 6, saltLength: -1 } : {};
  const key = { key: signer.publicKey, ...padding };
  const bad = messages.filter((message, i) => {
    const signature = signatures[i];
    return signature === undefined || !verify(hashOf(signer.algorithm), message, key, signature);
  });
  expect(bad).toEqual([]);
}

function signingSuite(cases: readonly KeyCase[], target: () => Target): void {
  test.each(cases)("$label signs $algorithm, and every signature verifies", async (one) => {
    const key = keyOn(target(), one.label, one.pss);
    try {
      const signer = await key.signer();
      expect(signer.algorithm).toBe(one.algorithm);
      await signAndVerify(signer, one.signatures);
      await key.check();
    } finally {
      await key.close();
    }
  });

  test("a wrong PIN is refused with what to do", async () => {
    const key = keyOn({ ...target(), pin: "wrong-pin" }, cases[0]?.label ?? "");
    await expect(key.signer()).rejects.toMatchObject({
      code: "ISSUER",
      message: expect.stringMatching(
        /refused the PIN with CKR_PIN_INCORRECT \(0xa0\); correct it, it is not tried again/,
      ),
    });
    await key.close();
  });

  test("a key of another certificate is refused", async () => {
    const other = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: Buffer.alloc(32, 7).toString("base64url") },
      format: "jwk",
    });
    const { modulePath, moduleParameters, tokenLabel, pin, env } = target();
    const key = new HsmKey({
      tokens: [
        { modulePath, moduleParameters, token: { label: tokenLabel }, pin, env: { ...process.env, ...env } },
      ],
      spki: other.export({ type: "spki", format: "der" }),
    });
    await expect(key.signer()).rejects.toMatchObject({
      code: "ISSUER",
      message: expect.stringMatching(/none of the token's \d+ private keys of the CA certificate is the key/),
    });
    await key.close();
  });
}

describeWithPkcs11("software tokens", () => {
  let hsm: SoftHsm;

  beforeAll(async () => {
    hsm = await createSoftHsm();
    await hsm.addToken("ca1", softHsmKeys);
  });
  afterAll(() => hsm[Symbol.asyncDispose]());

  const target = (): Target => ({
    modulePath: hsm.modulePath,
    tokenLabel: "ca1",
    pin: softHsmPin,
    env: hsm.env,
  });

  describe("SoftHSM", () => {
    signingSuite(softHsmCases, target);
  });

  describe("SoftHSM through a p11-kit server", () => {
    let server: P11KitServer;
    beforeAll(async () => {
      server = await startP11KitServer(hsm.modulePath, hsm.env);
    });
    afterAll(() => server[Symbol.asyncDispose]());

    // p11-kit does not forward mechanisms that it does not know, EdDSA among them.
    const cases = softHsmCases.filter(({ algorithm }) => algorithm !== "Ed25519");
    signingSuite(cases, () => ({ ...target(), modulePath: server.modulePath, env: server.env }));
  });

  describe("NSS softokn", () => {
    let nss: NssSoftokn;
    beforeAll(async () => {
      nss = await createNssSoftokn();
    });
    afterAll(() => nss[Symbol.asyncDispose]());

    signingSuite(
      [
        { label: "rsa", algorithm: "RSA-SHA256", signatures: 20 },
        { label: "rsa", pss: true, algorithm: "RSA-PSS-SHA256", signatures: 20 },
        { label: "p256", algorithm: "ECDSA-SHA256", signatures: 100 },
        { label: "p384", algorithm: "ECDSA-SHA384", signatures: 50 },
      ],
      () => ({ ...nss, env: {} }),
    );
  });
});

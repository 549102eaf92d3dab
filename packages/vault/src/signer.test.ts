import { parseCertificates, requestWasSent } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf, signing } from "./connect-fixture.ts";
import { FakeVault, refused } from "./fake-vault-fixture.ts";

const sign = "POST pki/sign/web";

describe("sign", () => {
  test("posts the CSR with its names and lifetime, and answers the chain", async () => {
    await using fake = await FakeVault.start();
    signing(fake);
    await using vault = connectTo(fake.url);
    const request = await signRequestFor({
      commonName: "a.example.com",
      dnsNames: ["a.example.com", "b.example.com"],
      ipAddresses: ["10.0.0.1"],
      uris: ["spiffe://x/y"],
      emails: ["ops@example.com"],
      durationSeconds: 3600,
    });
    const { chain, conditions } = await vault.sign(request);
    const [leaf, root] = parseCertificates(chain);
    expect(leaf?.spkiDer).toEqual(request.parsedCsr.spkiDer);
    expect(root?.isSelfSigned).toBe(true);
    expect(conditions).toBeUndefined();
    const [call] = fake.calls;
    expect(call?.json).toEqual({
      csr: request.csr,
      ttl: "3600s",
      format: "pem",
      common_name: "a.example.com",
      alt_names: "a.example.com,b.example.com,ops@example.com",
      ip_sans: "10.0.0.1",
      uri_sans: "spiffe://x/y",
      exclude_cn_from_sans: true,
    });
    expect(call).toMatchObject({ token: "root", namespace: undefined });
    expect(call?.headers).toMatchObject({ "x-vault-request": "true" });
  });

  test("asks sign-verbatim for the usages, with Go's names, and for no names", async () => {
    await using fake = await FakeVault.start();
    signing(fake, "pki/issuer/x/sign-verbatim/web");
    await using vault = connectTo(fake.url, {
      vault: { mount: "pki", role: "web", issuerRef: "x", mode: "sign-verbatim" },
    });
    await vault.sign({ usages: ["signing", "server auth", "ipsec end system", "microsoft sgc", "s/mime"] });
    expect(fake.calls[0]?.json).toMatchObject({
      key_usage: ["digitalsignature"],
      ext_key_usage: ["serverauth", "ipsecendsystem", "MicrosoftServerGatedCrypto", "emailprotection"],
    });
    expect(Object.keys(fake.calls[0]?.json ?? {})).not.toContain("common_name");
  });

  test("has a CA certificate signed as the CSR wants it, at a path for CAs only", async () => {
    await using fake = await FakeVault.start();
    signing(fake, "pki/root/sign-intermediate");
    await using vault = connectTo(fake.url, { vault: { path: "pki/root/sign-intermediate" } });
    await vault.sign({ isCA: true, usages: ["cert sign"] });
    expect(fake.calls[0]?.json).toMatchObject({ use_csr_values: true, format: "pem" });
    expect(await failureOf(vault.sign())).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(fake.calls).toHaveLength(1);
  });

  test("refuses a CA certificate at any other path, and names the path for it, without asking Vault", async () => {
    await using fake = await FakeVault.start();
    await using vault = connectTo(fake.url);
    const error = await failureOf(vault.sign({ isCA: true }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("pki/root/sign-intermediate");
    expect(fake.calls).toEqual([]);
  });

  test("never asks for not_after, and no other format than pem", async () => {
    await using fake = await FakeVault.start();
    for (const path of ["pki/sign/web", "pki/sign-verbatim", "pki/root/sign-intermediate"]) {
      signing(fake, path);
      await using vault = connectTo(fake.url, { vault: { path } });
      await vault.sign({ isCA: path.endsWith("intermediate") });
    }
    for (const { json } of fake.calls) {
      expect(json.format).toBe("pem");
      expect(json).not.toHaveProperty("not_after");
    }
    expect(fake.calls).toHaveLength(3);
  });

  test("says in a condition that the lifetime was shortened and the subject changed", async () => {
    await using fake = await FakeVault.start();
    signing(fake);
    const route = fake.routes[sign];
    fake.routes[sign] = (call) =>
      typeof route === "function" ? route({ ...call, json: { ...call.json, ttl: "7200s" } }) : "reset";
    await using vault = connectTo(fake.url);
    const { conditions } = await vault.sign({ durationSeconds: 86_400 });
    expect(conditions).toEqual([
      {
        type: "VaultPolicyApplied",
        status: "True",
        reason: "LifetimeShortened",
        message: expect.stringContaining("from 24 h to 2 h"),
      },
    ]);
  });

  test("unwraps an answer that a policy wraps", async () => {
    await using fake = await FakeVault.start();
    signing(fake, "sys/wrapping/unwrap");
    const unwrap = fake.routes["POST sys/wrapping/unwrap"];
    const request = await signRequestFor();
    fake.routes[sign] = { body: { data: null, wrap_info: { token: "wrapping", ttl: 60 } } };
    fake.routes["POST sys/wrapping/unwrap"] = (call) =>
      typeof unwrap === "function" && call.token === "wrapping"
        ? unwrap({ ...call, json: { csr: request.csr, ttl: "7776000s" } })
        : "reset";
    await using vault = connectTo(fake.url);
    expect(parseCertificates((await vault.sign(request)).chain)).toHaveLength(2);
    fake.routes["POST sys/wrapping/unwrap"] = refused(400, "wrapping token is not valid or does not exist");
    const error = await failureOf(vault.sign(request));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(error.message).toContain("min_wrapping_ttl");
  });

  test.each([
    ["no certificate", { data: {} }],
    ["null", { data: null }],
    ["a list", []],
    ["HTML", "<html>login</html>"],
    ["nothing", ""],
  ])("takes %s for a certificate that may have been issued", async (_, body) => {
    await using fake = await FakeVault.start();
    fake.routes[sign] = { body };
    await using vault = connectTo(fake.url);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
  });

  test("does not know what became of a request whose connection broke", async () => {
    await using fake = await FakeVault.start();
    fake.routes[sign] = "reset";
    await using vault = connectTo(fake.url);
    const error = await failureOf(vault.sign());
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(requestWasSent(error)).toBe(true);
    expect(fake.count(sign)).toBe(1);
  });

  test("rejects with the caller's reason when it is aborted", async () => {
    await using fake = await FakeVault.start();
    fake.routes[sign] = "hang";
    await using vault = connectTo(fake.url);
    const abort = new AbortController();
    const context = { operation: undefined, signal: abort.signal, attemptId: "a" };
    const call = vault.signer.sign(await signRequestFor(), context);
    await expect.poll(() => fake.count(sign)).toBe(1);
    abort.abort(new Error("stop"));
    await expect(call).rejects.toThrow("stop");
  });
});

describe("a namespace", () => {
  test("is sent with everything but sys/health", async () => {
    await using fake = await FakeVault.start();
    signing(fake);
    await using vault = connectTo(fake.url, { vault: { namespace: "team/a" } });
    await vault.check();
    await vault.sign();
    const namespaces = fake.calls.map(({ path, namespace }) => [path, namespace]);
    expect(Object.fromEntries(namespaces)).toEqual({
      "sys/health": undefined,
      "sys/capabilities-self": "team/a",
      "auth/token/lookup-self": "team/a",
      "pki/sign/web": "team/a",
    });
  });
});

import { createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRigs } from "../rigs.ts";
import type { OracleProcess } from "../x509-oracle-process.ts";
import { newCsr } from "./csr-fixture.ts";
import { startTpp, type Tpp } from "./start-tpp.ts";
import { startVenafiCloud, type VenafiCloud } from "./start-venafi-cloud.ts";
import { thumbprintOf } from "./thumbprint.ts";
import { opensslSays, vcertPython } from "./vcert-clients.ts";

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}
interface Retrieved {
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly key: string | null;
}

describeWithRigs(["venafi-vcert-python"], "the Python client vcert 0.22.1", () => {
  let directory: string;
  let python: OracleProcess;
  let tpp: Tpp;
  let cloud: VenafiCloud;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "countersign-vcert-python-"));
    [tpp, cloud, python] = await Promise.all([startTpp(), startVenafiCloud(), vcertPython()]);
    await writeFile(join(directory, "tpp.pem"), tpp.caPem);
    await writeFile(join(directory, "cloud.pem"), cloud.caPem);
    const user = { user: "local:issuer", password: "issuer-password" };
    await connect("tpp", user);
    await python.ask({
      ...{ do: "connect", to: "cloud", platform: "cloud", url: cloud.url },
      ...{ ca: join(directory, "cloud.pem"), api_key: cloud.credentials.apiKey },
    });
  });
  afterAll(async () => {
    await python[Symbol.asyncDispose]();
    await Promise.all([tpp.stop(), cloud.stop(), rm(directory, { recursive: true })]);
  });

  const connect = (to: string, credentials: Readonly<Record<string, string>>) =>
    python.ask({
      do: "connect",
      to,
      platform: "tpp",
      url: tpp.url,
      ca: join(directory, "tpp.pem"),
      ...credentials,
    });
  const ask = <Result>(to: string, operation: string, options: Readonly<Record<string, unknown>> = {}) =>
    python.ask<Result>({ do: operation, to, ...options });
  const names = (host: string) => ({ common_name: host, san_dns: [host] });
  const order = (to: string, zone: string, name: string, options: Readonly<Record<string, unknown>>) =>
    ask<{ readonly id: string; readonly guid: string }>(to, "request", { zone, name, ...options });
  const retrieve = async (to: string, name: string, host: string) => {
    const got = await ask<Retrieved>(to, "retrieve", { name });
    const { rootPem } = to === "tpp" ? tpp : cloud;
    expect(await opensslSays(got.certificate + got.chain.join(""), rootPem, host)).toBe("OK");
    return { ...got, leaf: parseCertificate(got.certificate) };
  };

  describe("at the TPP simulator", () => {
    test("gets credentials, refreshes them once, is refused the second time, revokes them", async () => {
      await connect("login", { user: "local:issuer", password: "issuer-password" });
      const first = await ask<Tokens>("login", "get_credentials");
      const second = await ask<Tokens>("login", "refresh");
      expect([second.accessToken, second.refreshToken]).not.toContain(first.accessToken);
      await connect("again", { refresh_token: first.refreshToken });
      await expect(ask("again", "refresh")).rejects.toThrow(
        /VenafiConnectionError.*400.*Grant has been revoked, has expired, or the refresh token is invalid/s,
      );
      expect(await ask("login", "revoke_credentials")).toEqual({ status: 200 });
      await expect(ask("login", "zone", { zone: "Open" })).rejects.toThrow("401");
    });

    test("is refused a wrong password", async () => {
      await connect("wrong", { user: "local:issuer", password: "wrong" });
      await expect(ask("wrong", "get_credentials")).rejects.toThrow(
        "Username/password combination not valid",
      );
    });

    test("reads the zone's configuration and policy", async () => {
      expect(await ask("tpp", "zone", { zone: "Certificates\\Strict" })).toMatchObject({
        organization: { value: "Example Corp", locked: true },
        keyTypes: [["rsa", 2048]],
      });
      expect(await ask("tpp", "zone", { zone: "Open" })).toMatchObject({ organization: { locked: false } });
      await connect("configurer", { user: "local:issuer", password: "issuer-password" });
      // Its own default scope does not read contacts, which it forgives.
      const policy = await ask("configurer", "policy", { zone: "Certificates\\Strict" });
      expect(JSON.stringify(policy)).toContain('"Example Corp"');
      await expect(ask("tpp", "zone", { zone: "Nowhere" })).rejects.toThrow("does not exist");
      await expect(ask("tpp", "policy", { zone: "Nowhere" })).rejects.toThrow("VenafiError");
    });

    test("enrols for a key that it makes, with a validity, an origin and the zone's names", async () => {
      const options = { ...names("p.example.com"), validity_hours: 240, origin: "Countersign" };
      const { id, guid } = await order("tpp", "Certificates\\Strict", "p", options);
      expect([id, guid]).toEqual([
        "\\VED\\Policy\\Certificates\\Strict\\p.example.com",
        expect.stringMatching(/^\{/),
      ]);
      const { leaf, key } = await retrieve("tpp", "p", "p.example.com");
      expect(leaf.subject).toContain("O=Example Corp");
      expect((leaf.notAfter.getTime() - Date.now()) / 86_400_000).toBeCloseTo(10, 1);
      expect(createPublicKey(createPrivateKey(key ?? "")).equals(leaf.publicKey)).toBe(true);
      expect(tpp.control.object(id)?.origin).toBe("Countersign");
    });

    test("enrols for a CSR of one's own, which waits, and takes the chain in either order", async () => {
      tpp.control.pendingFor(1);
      const csr = await newCsr({ commonName: "own.example.com", dnsNames: ["own.example.com"] });
      await order("tpp", "Open", "own", { csr, friendly_name: "by-name" });
      tpp.control.pendingFor(0);
      const { leaf } = await retrieve("tpp", "own", "own.example.com");
      const rootFirst = await ask<Retrieved>("tpp", "retrieve", { name: "own", chain: "first" });
      expect(parseCertificate(rootFirst.certificate).sha256Hex).toBe(leaf.sha256Hex);
      expect(parseCertificate(rootFirst.chain[0] ?? "").isSelfSigned).toBe(true);
      expect(tpp.ledger.of("order").filter(({ dn }) => dn.endsWith("\\by-name"))).toHaveLength(1);
    });

    test("sends custom fields, and is told of a mandatory one", async () => {
      const zone = "Certificates\\Fields";
      await expect(order("tpp", zone, "f", names("f.example.com"))).rejects.toThrow(
        "mandatory Custom Field Cost Center",
      );
      const fields = [
        ["Cost Center", "42"],
        ["Cost Center", "43"],
      ];
      const { id } = await order("tpp", zone, "f", { ...names("f.example.com"), fields });
      expect(tpp.control.object(id)?.customFields.get("Cost Center")).toEqual(["42", "43"]);
      await retrieve("tpp", "f", "f.example.com");
    });

    test("is told what the policy does not allow", async () => {
      const key = { csr: await newCsr({ commonName: "x.example.net", dnsNames: ["x.example.net"] }) };
      await expect(order("tpp", "Certificates\\Strict", "x", key)).rejects.toThrow(
        "Key Algorithm must be RSA, not ECC.",
      );
    });

    test("renews with a CSR, revokes and retires", async () => {
      const { id } = await order("tpp", "Open", "r", names("r.example.com"));
      const first = await retrieve("tpp", "r", "r.example.com");
      // Without a CSR it fails by itself: it takes the kind of the CA's signature, here ECDSA, for the key's.
      const csr = await newCsr({ commonName: "r.example.com", dnsNames: ["r.example.com"] });
      await ask("tpp", "renew", { name: "r2", identifier: id, csr });
      const second = await retrieve("tpp", "r2", "r.example.com");
      expect(second.leaf.serialHex).not.toBe(first.leaf.serialHex);
      expect(second.leaf.publicKey.equals(first.leaf.publicKey)).toBe(false);
      const thumbprint = thumbprintOf(second.leaf.der);
      expect(await ask("tpp", "revoke", { thumbprint, reason: 1, disable: false })).toEqual({
        Requested: true,
        Success: true,
      });
      expect(tpp.ledger.of("revocation").at(-1)).toMatchObject({ dn: id, reason: 1 });
      expect(await ask("tpp", "retire", { req_id: id })).toEqual({ done: true });
      expect(tpp.control.object(id)?.disabled).toBe(true);
    });
  });

  describe("at the simulator of the SaaS", () => {
    test("logs in by API key", async () => {
      expect(await ask("cloud", "account")).toMatchObject({ user: { username: "issuer@example.com" } });
      await python.ask({
        ...{ do: "connect", to: "stranger", platform: "cloud", url: cloud.url },
        ...{ ca: join(directory, "cloud.pem"), api_key: "nobody" },
      });
      await expect(ask("stranger", "account")).rejects.toThrow(/412.*Unable to find api key/s);
    });

    test("reads the template and the policy", async () => {
      expect(await ask("cloud", "zone", { zone: "Web Shop\\Strict" })).toMatchObject({
        keyTypes: [
          ["rsa", 2048],
          ["rsa", 3072],
        ],
        cnRegexes: ["[a-z0-9-]+\\.example\\.com"],
      });
      const policy = JSON.stringify(await ask("cloud", "policy", { zone: "Web Shop\\Strict" }));
      expect(policy).toContain('"Example Corp"');
      expect(policy).toContain('"issuer@example.com"');
      await expect(ask("cloud", "zone", { zone: "Nowhere\\Default" })).rejects.toThrow("10051");
    });

    test("enrols for a key that it makes and for a CSR of one's own, through every kind of waiting", async () => {
      cloud.control.pendingFor(1);
      cloud.control.unsignedFor(1);
      await order("cloud", "Open\\Default", "c", { ...names("c.example.com"), validity_hours: 240 });
      const { leaf, key } = await retrieve("cloud", "c", "c.example.com");
      expect((leaf.notAfter.getTime() - Date.now()) / 86_400_000).toBeCloseTo(10, 1);
      expect(createPublicKey(createPrivateKey(key ?? "")).equals(leaf.publicKey)).toBe(true);
      cloud.control.pendingFor(0);
      cloud.control.unsignedFor(0);
      const csr = await newCsr({ commonName: "own.example.com", dnsNames: ["own.example.com"] });
      await order("cloud", "Open\\Default", "own", { csr });
      await retrieve("cloud", "own", "own.example.com");
    });

    test("is told what the template does not allow, and of a failure", async () => {
      const request = order("cloud", "Web Shop\\Strict", "x", names("x.example.net"));
      await expect(request).rejects.toThrow(/412.*10726/s);
      cloud.control.failIssuance();
      await order("cloud", "Open\\Default", "failing", names("f.example.com"));
      expect(await ask("cloud", "retrieve", { name: "failing" })).toEqual({ words: "Certificate FAILED" });
    });

    test("renews by thumbprint with a key of the same kind, revokes and retires", async () => {
      const zone = "Open\\Default";
      await order("cloud", zone, "r", { ...names("r.example.com"), key: ["ecdsa", "p256"] });
      const first = await retrieve("cloud", "r", "r.example.com");
      const thumbprint = thumbprintOf(first.leaf.der);
      await ask("cloud", "renew", { name: "r2", thumbprint });
      const second = await retrieve("cloud", "r2", "r.example.com");
      expect(second.leaf.keyAlgorithm).toEqual({ name: "EC", curve: "P-256" });
      expect(second.leaf.publicKey.equals(first.leaf.publicKey)).toBe(false);
      expect(await ask("cloud", "revoke", { thumbprint, reason: 4 })).toMatchObject({ status: "SUBMITTED" });
      expect(await ask("cloud", "retire", { thumbprint })).toEqual({ done: true });
    });
  });
});

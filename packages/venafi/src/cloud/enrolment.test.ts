import { generateKeyPairSync } from "node:crypto";
import { buildCsr, newPrivateKey, parseCertificates } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { signJwt } from "../../../../test/rigs/venafi/jwt-fixture.ts";
import {
  startVenafiCloud,
  type VenafiCloudOptions,
} from "../../../../test/rigs/venafi/start-venafi-cloud.ts";
import { type ConnectOptions, connectTo, failureOf } from "../connect-fixture.ts";

/** A simulator and a signer for it. */
async function rig(options: ConnectOptions = {}, cloudOptions: VenafiCloudOptions = {}) {
  const cloud = await startVenafiCloud(cloudOptions);
  const connected = connectTo(cloud, options);
  return {
    cloud,
    ...connected,
    orders: () => cloud.ledger.entries.filter(({ kind }) => kind === "order"),
    async [Symbol.asyncDispose]() {
      await connected[Symbol.asyncDispose]();
      await cloud.stop();
    },
  };
}

describe("an order at the SaaS", () => {
  test("is looked at once for each call, and issued with its chain", async () => {
    await using it = await rig({ cloud: { tags: ["team:web"] } });
    it.cloud.control.pendingFor(3);
    const { chain, pendings } = await it.issue({ commonName: "www.example.com" });
    expect(parseCertificates(chain)[0]?.commonName).toBe("www.example.com");
    expect(pendings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Venafi has the request as [0-9a-f-]{36}\.$/),
      'Venafi has the order as "PENDING".',
      'Venafi has the order as "REQUESTED".',
      'Venafi has the order as "REQUESTED".',
    ]);
    expect(it.orders()).toMatchObject([{ zone: "Open\\Default", tags: ["team:web"] }]);
  });

  test("asks for the lifetime in days", async () => {
    await using it = await rig();
    const { chain } = await it.issue({ durationSeconds: 7 * 86_400 });
    const days = ((parseCertificates(chain)[0]?.notAfter.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(Math.abs(days - 7)).toBeLessThan(0.1);
  });

  test("waits for an approval, for contents that are not signed, and for the inventory", async () => {
    await using it = await rig({ zone: "Web Shop\\Approval" });
    it.cloud.control.missingFor(2);
    it.cloud.control.unsignedFor(2);
    const request = await signRequestFor();
    const waiting = await it.pending(request, 4);
    expect(waiting.message).toContain('"PENDING"');
    it.cloud.control.approve();
    const { pendings } = await it.issue(request, waiting);
    expect(pendings.map(({ message }) => message)).toEqual([
      expect.stringContaining("does not appear in the inventory yet"),
      expect.stringContaining("does not appear in the inventory yet"),
      expect.stringContaining("is not signed yet"),
      expect.stringContaining("is not signed yet"),
    ]);
    expect(it.orders()).toHaveLength(1);
  });

  test.each([
    ["reject", "rejected", "no such project"],
    ["cancel", "cancelled", ""],
  ] as const)("fails for good when it is ended by %s", async (how, word, reason) => {
    await using it = await rig({ zone: "Web Shop\\Approval" });
    const request = await signRequestFor();
    const waiting = await it.pending(request, 2);
    it.cloud.control[how](reason === "" ? (undefined as never) : reason);
    const error = await failureOf(it.issue(request, waiting));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain(word);
    expect(error.message).toContain(reason);
  });

  test("fails for good, with the CA's words, when it has failed", async () => {
    await using it = await rig();
    it.cloud.control.failIssuance();
    const error = await failureOf(it.issue());
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("The certificate authority could not be reached");
  });

  test("that vanishes is given up two minutes after it should be there", async () => {
    await using it = await rig();
    it.cloud.control.missingFor(1_000);
    const error = await failureOf(it.issue());
    expect(error).toMatchObject({ code: "REQUEST_REJECTED", message: expect.stringContaining("120 s") });
    await using other = connectTo(it.cloud);
    const order = { kind: "cloud", id: "nobody", requestedAt: Date.now() } as const;
    expect(await other.sign({}, order)).toMatchObject({ status: "pending" });
    await other.pass(130_000);
    expect(await failureOf(other.sign({}, order))).toMatchObject({ code: "REQUEST_REJECTED" });
  });

  test("is not made twice after 5xx and broken connections of looks", async () => {
    await using it = await rig();
    const { faults } = it.cloud.control;
    const request = await signRequestFor();
    const first = await it.pending(request, 1);
    faults.failNext({ status: 500 }, { path: "certificaterequests/" });
    expect(await failureOf(it.sign(request, first.operation))).toMatchObject({ code: "RETRYABLE" });
    faults.failNext({ status: 502, text: "<html>" }, { path: "/contents" });
    expect(await failureOf(it.issue(request, first))).toMatchObject({ code: "RETRYABLE" });
    faults.loseAnswer({ path: "/contents", times: 2 });
    expect(await failureOf(it.issue(request, first))).toMatchObject({ code: "RETRYABLE" });
    await it.issue(request, first);
    expect(it.orders()).toHaveLength(1);
  });

  test("whose answer was lost cannot be looked up", async () => {
    await using it = await rig();
    it.cloud.control.faults.loseAnswer({ path: "certificaterequests" });
    const request = await signRequestFor();
    expect(await failureOf(it.sign(request))).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(await it.find(request)).toMatchObject({ status: "cannot-tell" });
  });

  test("is judged by the template first, in words", async () => {
    await using it = await rig({ zone: "Web Shop\\Strict" });
    const error = await failureOf(it.sign({ commonName: "www.example.net", dnsNames: ["www.example.net"] }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain(
      'the common name "www.example.net" matches none of "[a-z0-9-]+\\.example\\.com"',
    );
    expect(error.message).toContain("the key is EC on P-256");
    expect(it.cloud.calls.filter(({ method }) => method === "POST")).toEqual([]);
    const key = newPrivateKey({ name: "RSA", modulusLength: 2048 });
    const subject = [
      { type: "C", value: "GB" },
      { type: "O", value: "Example Corp" },
    ];
    const names = { commonName: "www.example.com", dnsNames: ["www.example.com"] };
    await it.issue({ csr: await buildCsr({ key, subject, ...names }) });
  });

  test("is refused by the SaaS where the template changed meanwhile, and the template read again", async () => {
    await using it = await rig();
    await it.sign();
    it.cloud.control.setPolicy("Open", "Default", { sanRegexes: ["x"] });
    const first = await failureOf(it.sign());
    expect(first.message).toContain("it does not take the request");
    expect(await failureOf(it.sign())).toMatchObject({
      message: expect.stringContaining("The issuing template of zone"),
    });
  });
});

test("a template that was opened lets the next order pass at once", async () => {
  await using it = await rig();
  it.cloud.control.setPolicy("Open", "Default", { sanRegexes: ["x"] });
  expect(await failureOf(it.sign())).toMatchObject({ code: "REQUEST_REJECTED" });
  it.cloud.control.setPolicy("Open", "Default", {});
  expect(await it.sign()).toMatchObject({ status: "pending" });
});

describe("the zone", () => {
  test.each([
    ["Nothing\\Default", 'application "Nothing" is not found'],
    ["Open\\Other", 'issuing template "Other" of application "Open" is not found'],
  ])("%s is the issuer's trouble", async (zone, words) => {
    await using it = await rig({ zone });
    expect(await failureOf(it.check())).toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining(words),
    });
  });

  test.each(["Open", "Open\\", "\\Default", "Open\\\\Default", "Open\\a\\b"])("%j is none", async (zone) => {
    await using cloud = await startVenafiCloud();
    expect(() => connectTo(cloud, { zone })).toThrow("Application\\Alias with one backslash");
  });

  test("may have any other character in its names", async () => {
    const applications = { "Web & Co/?#% ü": { 'Let\'s "go"': {} } };
    await using it = await rig({ zone: 'Web & Co/?#% ü\\Let\'s "go"' }, { applications });
    await it.issue();
  });

  test("that takes no CSR is the issuer's trouble", async () => {
    await using it = await rig({ zone: "A\\B" }, { applications: { A: { B: { csrUploadAllowed: false } } } });
    expect(await failureOf(it.check())).toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining("CSRs"),
    });
  });
});

describe("an API key", () => {
  test("is checked, and a wrong one said to be wrong", async () => {
    await using it = await rig();
    await it.check();
    it.cloud.control.apiKeys.clear();
    for (const call of [it.check(), it.sign()]) {
      const error = await failureOf(call);
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("Store a valid API key");
    }
  });

  test("reports its end where the SaaS says it", async () => {
    await using it = await rig();
    const json = { apiKey: { validityEndDate: "2030-01-02T03:04:05.000+00:00" } };
    it.cloud.control.faults.failNext({ status: 200, json }, { path: "useraccounts" });
    await it.check();
    expect(it.credentials).toEqual([{ credential: "apiKey", expiresAt: Date.UTC(2030, 0, 2, 3, 4, 5) }]);
  });
});

describe("a service account", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = "system:serviceaccount:team:venafi";
  const account = { issuer: "https://k8s", subject, jwks: [publicKey.export({ format: "jwk" })] };
  const exp = Math.floor(Date.now() / 1000) + 600;
  const jwt = (sub = subject) => signJwt({ iss: "https://k8s", aud: "venafi", sub, exp }, privateKey);

  async function accountRig(sub = subject, accessSeconds = 900) {
    const cloud = await startVenafiCloud({ serviceAccounts: [account], accessSeconds });
    const serviceAccount = { tokenURL: cloud.credentials.tokenUrl, serviceAccountRef: { name: "venafi" } };
    const connected = connectTo(cloud, { cloud: { serviceAccount }, requestToken: async () => jwt(sub) });
    return {
      cloud,
      ...connected,
      tokens: () => cloud.ledger.entries.filter(({ kind }) => kind === "token"),
      async [Symbol.asyncDispose]() {
        await connected[Symbol.asyncDispose]();
        await cloud.stop();
      },
    };
  }

  test("exchanges one token of Kubernetes for 30 requests at once", async () => {
    await using it = await accountRig();
    await it.check();
    await Promise.all(Array.from({ length: 30 }, () => it.issue()));
    expect(it.tokens()).toHaveLength(1);
    expect(it.tokenRequests).toHaveLength(1);
    expect(it.tokenRequests[0]?.audiences).toEqual([new URL(it.cloud.url).host]);
  });

  test("gets another token once when it has expired, under 50 requests at once", async () => {
    await using it = await accountRig();
    const requests = await Promise.all(Array.from({ length: 50 }, () => signRequestFor()));
    await it.check();
    it.cloud.control.expireAccessTokens();
    await Promise.all(requests.map((request) => it.sign(request)));
    expect(it.tokens()).toHaveLength(2);
  });

  test("gets another token before the old one ends, while calls go on with that", async () => {
    await using it = await accountRig(subject, 1);
    await it.check();
    await new Promise((done) => setTimeout(done, 750));
    await it.check();
    await expect.poll(() => it.tokens().length).toBe(2);
    expect(it.cloud.calls.filter(({ status }) => status === 401)).toEqual([]);
  });

  test("that is refused says where to look", async () => {
    await using it = await accountRig("somebody else");
    const error = await failureOf(it.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toMatch(
      /service account's login was refused.*subject and audience.*service account venafi/,
    );
  });

  test("may have its JWT in a Secret, whose end is reported", async () => {
    await using cloud = await startVenafiCloud({ serviceAccounts: [account] });
    const serviceAccount = { tokenURL: cloud.credentials.tokenUrl, jwtSecretRef: { name: "jwt" } };
    await using it = connectTo(cloud, { cloud: { serviceAccount }, secrets: { jwt: `${jwt()}\n` } });
    await it.issue();
    expect(it.credentials).toEqual([{ credential: "jwt", expiresAt: exp * 1000 }]);
  });
});

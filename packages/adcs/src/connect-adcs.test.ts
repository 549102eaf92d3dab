import { CredentialGuard, IssuerError, RequestRejected } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { type Certsrv, startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { connectTo, failureOf } from "./connect-fixture.ts";

const logins = ({ calls }: Certsrv) => calls.filter(({ status }) => status === 401).length;

describe("the account", () => {
  test("a wrong password is shown once, by checks and requests of all issuers together", async () => {
    await using certsrv = await startCertsrv();
    const guard = new CredentialGuard<IssuerError>();
    await using first = connectTo(certsrv, { guard, secrets: { password: "wrong" } });
    for (let call = 0; call < 3; call += 1) {
      expect(await failureOf(first.check())).toBeInstanceOf(IssuerError);
      expect(await failureOf(first.sign())).toBeInstanceOf(IssuerError);
    }
    await Promise.all(Array.from({ length: 5 }, () => failureOf(first.sign())));
    expect(logins(certsrv)).toBe(1);
    expect(certsrv.ca.rows).toEqual([]);
  });

  test("another version of the Secret is tried at once", async () => {
    await using certsrv = await startCertsrv();
    const guard = new CredentialGuard<IssuerError>();
    await using before = connectTo(certsrv, { guard, secrets: { password: "wrong" } });
    expect((await failureOf(before.check())).message).toMatch(/refuses basic authentication as svc \(401\)/);
    await using after = connectTo(certsrv, { guard });
    await after.check();
    expect(logins(certsrv)).toBe(1);
  });

  test("no message has the password", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { secrets: { password: "planted-secret" } });
    expect(String((await failureOf(adcs.check())).stack)).not.toContain("planted-secret");
  });

  test.each([
    [{ kerberos: { username: "svc", passwordSecretRef: { name: "adcs" } } }, {}, /needs the account's realm/],
    [
      { kerberos: { realm: "CORP.TEST", passwordSecretRef: { name: "adcs" } } },
      {},
      /needs the account's name/,
    ],
    [
      { kerberos: { kdcs: ["dc1"], keytabSecretRef: { name: "adcs" } } },
      { keytab: new Uint8Array() },
      /realm/,
    ],
    [{ kerberos: { keytabSecretRef: { name: "adcs" } } }, { keytab: Buffer.from("no keytab") }, /keytab/],
    [
      { ntlm: { username: "svc", passwordSecretRef: { name: "adcs" } } },
      { password: "\n" },
      /password is empty/,
    ],
    [
      { ntlm: { usernameSecretRef: { name: "adcs" }, passwordSecretRef: { name: "adcs" } } },
      { username: "" },
      /user name is empty/,
    ],
  ])("%j with %o says what is missing", async (auth, secrets, message) => {
    await using certsrv = await startCertsrv();
    expect(() => connectTo(certsrv, { adcs: { auth }, secrets })).toThrow(message);
    expect(() => connectTo(certsrv, { adcs: { auth }, secrets })).toThrow(IssuerError);
  });
});

describe("the URL", () => {
  test.each(["", "/", "/certsrv", "/certsrv/"])("%j is where the pages are", async (path) => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { url: new URL(certsrv.url).origin + path } });
    await adcs.check();
  });

  test.each(["?a=b", "#a", "/certsrv?x"])("one with %j is refused", async (rest) => {
    await using certsrv = await startCertsrv();
    expect(() => connectTo(certsrv, { adcs: { url: new URL(certsrv.url).origin + rest } })).toThrow(
      IssuerError,
    );
  });

  test("where one web server is away the next one is asked", async () => {
    await using certsrv = await startCertsrv();
    const urls = ["https://127.0.0.1:1", certsrv.url];
    await using adcs = connectTo(certsrv, { adcs: { urls } });
    expect(await adcs.sign()).toMatchObject({ status: "issued" });
    expect(certsrv.ca.rows).toHaveLength(1);
  });

  test("a request that a web server has taken is not sent to the next", async () => {
    await using certsrv = await startCertsrv();
    await using spare = await startCertsrv();
    const caBundle = Buffer.from(certsrv.tlsCaPem + spare.tlsCaPem).toString("base64");
    await using adcs = connectTo(certsrv, { adcs: { urls: [certsrv.url, spare.url], caBundle } });
    await adcs.check();
    certsrv.fault("certfnsh.asp", { kind: "lose" });
    await failureOf(adcs.sign());
    expect(certsrv.ca.rows).toHaveLength(1);
    expect(spare.ca.rows).toEqual([]);
  });
});

describe("polling", () => {
  test("takes its time from the spec, at random", async () => {
    await using certsrv = await startCertsrv();
    const poll = { minInterval: "30s", maxInterval: "90s" };
    for (const [random, retryAfterMs] of [
      [0, 30_000],
      [0.25, 45_000],
      [0.999999, 90_000],
    ] as const) {
      await using adcs = connectTo(certsrv, {
        adcs: { template: "WebServerApproval", poll },
        random: () => random,
      });
      expect(await adcs.sign()).toMatchObject({ status: "pending", retryAfterMs });
    }
  });

  test("refuses a longest wait that is shorter than the least", async () => {
    await using certsrv = await startCertsrv();
    const poll = { minInterval: "10m", maxInterval: "1m" };
    expect(() => connectTo(certsrv, { adcs: { poll } })).toThrow(/poll\.minInterval/);
  });
});

describe("the template of a request", () => {
  const annotations = { "adcs.example.com/template": "WebServerApproval" };

  test("is chosen by an annotation where the issuer allows it", async () => {
    await using certsrv = await startCertsrv();
    await using adcs = connectTo(certsrv, { adcs: { overrides: { template: ["WebServerApproval"] } } });
    expect(await adcs.sign({ annotations })).toMatchObject({ status: "pending" });
    expect(await adcs.sign()).toMatchObject({ status: "issued" });
  });

  test.each(["SubCA", "webserverapproval", "WebServerApproval\r\nSAN:upn=admin@corp.test"])(
    "not %j, which it does not allow",
    async (template) => {
      await using certsrv = await startCertsrv();
      await using adcs = connectTo(certsrv, { adcs: { overrides: { template: ["WebServerApproval"] } } });
      const error = await failureOf(adcs.sign({ annotations: { "adcs.example.com/template": template } }));
      expect(error).toBeInstanceOf(RequestRejected);
      expect(error.message).not.toMatch(/[\r\n]/);
      expect(certsrv.ca.rows).toEqual([]);
    },
  );

  test("and further attributes go with it, each on its line", async () => {
    await using certsrv = await startCertsrv();
    const attributes = [{ name: "CostCentre", value: "4711: team A" }];
    await using adcs = connectTo(certsrv, { adcs: { attributes, correlationAttribute: "K8sUid" } });
    await adcs.sign({ uid: "a1b2\r\nSAN:dns=x" });
    expect(certsrv.ca.rows[0]?.attributes).toEqual({
      CertificateTemplate: "WebServer",
      CostCentre: "4711: team A",
      K8sUid: "a1b2SANdnsx",
    });
  });
});

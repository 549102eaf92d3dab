import { IssuerError, RetryableError } from "@countersign/issuer-signer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CredentialRefused } from "../credential-refused.ts";
import { FakeKdc, type FakeKdcOptions, fakeKdcs, readFakeLogin } from "./fake-kdc-fixture.ts";
import type { KdcsOptions } from "./kdcs.ts";
import { KerberosClient } from "./kerberos-client.ts";
import { kerberosCredential } from "./kerberos-credential.ts";

const realm = "CORP.TEST";
const service = { name: { type: 3, parts: ["HTTP", "pki.corp.test"] }, realm: undefined };
const binding = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const forever = new AbortController().signal;

function setUp(
  options: FakeKdcOptions = {},
  more: { password?: string; now?: () => number; kdcs?: Partial<KdcsOptions> } = {},
) {
  const kdc = new FakeKdc(options);
  const client = new KerberosClient({
    credential: kerberosCredential({ username: "svc", realm, password: more.password ?? "secret" }),
    kdcs: fakeKdcs({ [realm]: kdc }, more.kdcs),
    now: more.now ?? Date.now,
  });
  return { kdc, client, login: () => client.login(service, binding, forever) };
}

test("logs on, gets a ticket, and binds the login to the channel", async () => {
  const { kdc, login } = setUp();
  const { checksum, client } = readFakeLogin((await login()).token);
  expect(kdc.messages).toEqual(["AS krbtgt/CORP.TEST", "AS krbtgt/CORP.TEST", "TGS HTTP/pki.corp.test"]);
  expect(client).toBe("svc@CORP.TEST");
  // RFC 4121 §4.1.1: length, binding, flags (mutual).
  expect(checksum.toString("hex")).toBe(`10000000${binding.toString("hex")}02000000`);
});

test("each login has a time of its own, even within one microsecond", async () => {
  const now = () => 1_700_000_000_000;
  const { login } = setUp({ now }, { now });
  const times = [];
  for (let count = 0; count < 4; count += 1) times.push(readFakeLogin((await login()).token).time);
  expect(new Set(times).size).toBe(4);
});

describe("tickets", () => {
  test("are fetched once for many, and an abort ends only its own wait", async () => {
    const { kdc, client, login } = setUp();
    const abort = new AbortController();
    const aborted = client.login(service, binding, abort.signal);
    const others = [login(), login(), login()];
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await Promise.all(others);
    expect(kdc.messages).toHaveLength(3);
  });

  test("are replaced five minutes before they end", async () => {
    let now = 1_700_000_000_000;
    const { kdc, login } = setUp({ now: () => now, lifeMs: 3_600_000 }, { now: () => now });
    await login();
    now += 54 * 60_000;
    await login();
    expect(kdc.messages).toHaveLength(3);
    now += 2 * 60_000;
    await login();
    expect(kdc.messages).toHaveLength(6);
  });

  test("that are short serve for three quarters of their life", async () => {
    let now = 1_700_000_000_000;
    const { kdc, login } = setUp({ now: () => now, lifeMs: 120_000 }, { now: () => now });
    await login();
    now += 80_000;
    await login();
    expect(kdc.messages).toHaveLength(3);
    now += 20_000;
    await login();
    expect(kdc.messages).toHaveLength(6);
  });

  test("of a service are fetched anew when they did not serve, that of the realm is kept", async () => {
    const { kdc, client, login } = setUp();
    await login();
    client.forget(service);
    await login();
    expect(kdc.messages.slice(3)).toEqual(["TGS HTTP/pki.corp.test"]);
  });

  test("of the realm are fetched anew when the KDC no longer takes them", async () => {
    const { kdc, client, login } = setUp({ error: (message) => (message === 3 ? { code: 31 } : undefined) });
    await login();
    client.forget(service);
    await expect(login()).rejects.toThrow(/KRB_AP_ERR_BAD_INTEGRITY/);
    await login();
    expect(kdc.messages.slice(4).map((message) => message.split(" ")[0])).toEqual(["AS", "AS", "TGS"]);
  });
});

describe("refusals", () => {
  test("a wrong password is one encrypted timestamp, and a refused credential", async () => {
    const { kdc, login } = setUp({}, { password: "wrong" });
    await expect(login()).rejects.toThrow(CredentialRefused);
    expect(kdc.messages).toHaveLength(2);
  });

  test.each([
    [6, CredentialRefused, /check the user name/],
    [18, CredentialRefused, /locked, disabled or has expired/],
    [23, CredentialRefused, /set a new one/],
    [14, IssuerError, /enable AES 128 and 256/],
    [12, IssuerError, /KDC_ERR_POLICY/],
    [4711, IssuerError, /Kerberos error 4711/],
  ])("code %i at log-on", async (code, kind, message) => {
    const { login } = setUp({ error: () => ({ code }) });
    const failure = await login().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(failure instanceof CredentialRefused).toBe(kind === CredentialRefused);
    expect(String(failure)).toMatch(message);
    expect(String(failure)).toContain("svc@CORP.TEST");
  });

  test("a service that nobody knows comes with the command that registers it", async () => {
    const { login } = setUp({ error: (message) => (message === 2 ? { code: 7 } : undefined) });
    await expect(login()).rejects.toThrow(/no ticket for HTTP\/pki.corp.test: .*setspn -S/);
  });

  test("a busy KDC is retryable, and certainly issued nothing", async () => {
    const { login } = setUp({ error: () => ({ code: 29 }) });
    const failure = await login().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RetryableError);
    expect(failure).toMatchObject({ issuedNothing: true });
  });

  test("parameters that would keep a core busy are not computed", async () => {
    const { login } = setUp({ iterations: 2 ** 32 - 1 });
    await expect(login()).rejects.toThrow(/parameters of the password are out of range/);
  });
});

describe("clocks", () => {
  const now = () => 1_700_000_000_000;

  test.each([-7_200_000, 7_200_000])("that differ by %i ms are brought together once", async (skew) => {
    const { kdc, login } = setUp({ now: () => now() + skew }, { now });
    const { time } = readFakeLogin((await login()).token);
    expect(Math.abs(time / 1000 - (now() + skew))).toBeLessThan(1_000);
    expect(kdc.messages).toHaveLength(4);
  });

  test("that differ by more than a day are an error", async () => {
    const { login } = setUp({ now: () => now() + 90_000_000 }, { now });
    await expect(login()).rejects.toThrow(/differ by more than a day/);
  });

  test("that cannot be brought together are an error, not a loop", async () => {
    const { kdc, login } = setUp({ error: (message) => (message > 0 ? { code: 37 } : undefined) });
    await expect(login()).rejects.toThrow(/KRB_AP_ERR_SKEW/);
    expect(kdc.messages).toHaveLength(3);
  });
});

describe("realms", () => {
  function withRealms(
    kdcs: Readonly<Record<string, FakeKdcOptions>>,
    wanted: string | undefined = undefined,
  ) {
    const fakes = Object.fromEntries(
      Object.entries(kdcs).map(([name, options]) => [name, new FakeKdc({ realm: name, ...options })]),
    );
    const credential = kerberosCredential({ username: "svc", realm, password: "secret" });
    const client = new KerberosClient({ credential, kdcs: fakeKdcs(fakes), now: Date.now });
    return { fakes, login: () => client.login({ ...service, realm: wanted }, binding, forever) };
  }

  test("are passed by referral, and named ones are asked for", async () => {
    const kdcs = { [realm]: { refer: () => "B.TEST" }, "B.TEST": { refer: () => "C.TEST" }, "C.TEST": {} };
    const { fakes, login } = withRealms(kdcs);
    await login();
    expect(Object.values(fakes).map(({ messages }) => messages.at(-1))).toEqual(
      Array(3).fill("TGS HTTP/pki.corp.test"),
    );
    const named = withRealms({ [realm]: {}, "B.TEST": {} }, "b.test");
    await named.login();
    expect(named.fakes[realm]?.messages.at(-1)).toBe("TGS krbtgt/B.TEST");
    expect(named.fakes["B.TEST"]?.messages).toEqual(["TGS HTTP/pki.corp.test"]);
  });

  test("that refer to each other are an error that names them", async () => {
    const { login } = withRealms({ [realm]: { refer: () => "B.TEST" }, "B.TEST": { refer: () => realm } });
    await expect(login()).rejects.toThrow(/around \(CORP.TEST, B.TEST, CORP.TEST\)/);
  });

  test("without end are an error", async () => {
    const names = Array.from({ length: 12 }, (_, at) => `R${at}.TEST`);
    const kdcs = Object.fromEntries(names.map((name, at) => [name, { refer: () => `R${at + 1}.TEST` }]));
    await expect(withRealms({ [realm]: { refer: () => "R0.TEST" }, ...kdcs }).login()).rejects.toThrow(
      /around/,
    );
  });

  test("that send the account around are an error", async () => {
    const { fakes, login } = withRealms({
      [realm]: { error: () => ({ code: 68, realm: "B.TEST" }) },
      "B.TEST": { error: () => ({ code: 68, realm }) },
    });
    await expect(login()).rejects.toThrow(/KDC_ERR_WRONG_REALM/);
    expect(Object.values(fakes).flatMap(({ messages }) => messages)).toHaveLength(6);
  });
});

describe("a hostile KDC", () => {
  test("cannot answer another request", async () => {
    await expect(setUp({ nonceOffset: 1 }).login()).rejects.toThrow(/to another request/);
  });

  test("cannot give a key that was not offered", async () => {
    await expect(setUp({ sessionEtype: 23 }).login()).rejects.toThrow(/was not offered/);
  });

  test("says nothing that is not read or refused, whatever the bytes", async () => {
    const change = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => () => bytes),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => (answer: Buffer) => {
        answer[at % answer.length] = value;
        return answer;
      }),
      fc.nat().map((at) => (answer: Buffer) => answer.subarray(0, at % answer.length)),
    );
    await fc.assert(
      fc.asyncProperty(change, fc.nat(2), async (tamper, at) => {
        let count = -1;
        const { login } = setUp({
          tamper: (answer) => {
            count += 1;
            return count === at ? tamper(answer) : answer;
          },
        });
        const failure = await login().catch((error: unknown) => error);
        if (failure instanceof Error) {
          expect([IssuerError, CredentialRefused, RetryableError]).toContain(failure.constructor);
          expect(failure.message).toMatch(/^.{1,1024}$/);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});

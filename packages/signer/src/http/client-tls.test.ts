import { beforeAll, describe, expect, test } from "vitest";
import { IssuerError } from "../errors.ts";
import { OpensslFixture } from "../x509/openssl-fixture.ts";
import { clientTls, type TlsOptions } from "./client-tls.ts";
import { type PemPair, TlsFixture } from "./tls-fixture.ts";

/** Ahead of certificates that the tests make. */
const now = Date.now() + 60_000;
const root = TlsFixture.root();
let pair: PemPair;
let other: PemPair;

beforeAll(async () => {
  [pair, other] = await Promise.all([root.issue(), root.issue({ ipAddresses: ["127.0.0.2"] })]);
});

function refusal(options: TlsOptions): Error {
  try {
    clientTls(options, now);
  } catch (error) {
    return error as Error;
  }
  throw new Error("should have been refused");
}

describe("clientTls", () => {
  test("without material leaves the system's roots, but never less than TLS 1.2 and a verified server", () => {
    expect(clientTls({}, now)).toEqual({
      agent: { minVersion: "TLSv1.2", rejectUnauthorized: true },
      hasIdentity: false,
    });
  });

  test("makes one secure context of bundle and identity", () => {
    const { agent, hasIdentity } = clientTls({ ca: root.ca, ...pair, serverName: "pki.example.com" }, now);
    expect(hasIdentity).toBe(true);
    expect(agent).toMatchObject({ servername: "pki.example.com", rejectUnauthorized: true });
    expect(agent.secureContext).toBeDefined();
  });

  test("reads a bundle with explanatory text, and one in which only some certificates have expired", () => {
    const expired = TlsFixture.root({ from: -20, to: -10 }).ca;
    expect(() => clientTls({ ca: `# Our roots\n${expired}\n\nthe new one:\n${root.ca}` }, now)).not.toThrow();
  });

  test.each<[string, () => TlsOptions, RegExp]>([
    ["text that is no PEM", () => ({ ca: "hello" }), /CA bundle refused: it holds no PEM block/],
    ["an empty bundle", () => ({ ca: "" }), /CA bundle refused: it holds no PEM block/],
    ["a cut bundle", () => ({ ca: root.ca.slice(0, -20) }), /CA bundle refused: .*END line/],
    ["bad base64", () => ({ ca: root.ca.replace("MII", "M!I") }), /CA bundle refused: .*base64/],
    [
      "a key in the bundle",
      () => ({ ca: root.ca + pair.key }),
      /CA bundle refused: it holds a block PRIVATE KEY/,
    ],
    [
      "bytes that are no certificate",
      () => ({ ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }),
      /OpenSSL does not accept a certificate/,
    ],
    ["a huge bundle", () => ({ ca: "x".repeat(400_000) }), /at most 330000 are read/],
    [
      "a bundle of the past",
      () => ({ ca: TlsFixture.root({ from: -20, to: -10 }).ca }),
      /every certificate in it has expired/,
    ],
    [
      "a certificate without key",
      () => ({ cert: pair.cert }),
      /client certificate refused: there is no client key/,
    ],
    [
      "a key without certificate",
      () => ({ key: pair.key }),
      /client key refused: there is no client certificate/,
    ],
    [
      "a key of another certificate",
      () => ({ cert: pair.cert, key: other.key }),
      /the key does not belong to it/,
    ],
    [
      "a chain in the wrong order",
      () => ({ cert: root.ca + pair.cert, key: pair.key }),
      /the key belongs to a later certificate; put that one first/,
    ],
    ["a broken key", () => ({ cert: pair.cert, key: pair.key.replace("MIG", "MII") }), /private key refused/],
    ["an IP address as server name", () => ({ serverName: "127.0.0.1" }), /server name refused/],
    ["a URL as server name", () => ({ serverName: "https://pki" }), /server name refused/],
    ["an empty server name", () => ({ serverName: "" }), /server name refused/],
  ])("refuses %s", (_, options, words) => {
    const error = refusal(options());
    expect(error).toBeInstanceOf(IssuerError);
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("\n");
  });

  test("names the day on which a client certificate expired, or begins", async () => {
    const [expired, future] = await Promise.all([
      root.issue({ from: -3, to: -1 }),
      root.issue({ from: 1, to: 2 }),
    ]);
    const day = (days: number) => new Date(now + days * 86_400_000).toISOString().slice(0, 10);
    expect(refusal(expired).message).toContain(`it expired ${day(-1)}`);
    expect(refusal(future).message).toContain(`it is not valid before ${day(1)}`);
  });

  test("refuses an encrypted key by what it is", () => {
    using openssl = new OpensslFixture();
    openssl.write("key.pem", pair.key);
    openssl.run("pkcs8", "-topk8", "-in", "key.pem", "-out", "enc.pem", "-passout", "pass:hunter2");
    const error = refusal({ cert: pair.cert, key: openssl.read("enc.pem") });
    expect(error.message).toMatch(/private key refused: it is encrypted/);
  });

  test("refuses what OpenSSL finds too weak", () => {
    using openssl = new OpensslFixture();
    openssl.run(
      ...["req", "-x509", "-newkey", "rsa:512", "-nodes", "-keyout", "k.pem", "-out", "c.pem"],
      ...["-subj", "/CN=old", "-days", "1"],
    );
    const error = refusal({ cert: pair.cert + openssl.read("c.pem"), key: pair.key });
    expect(error.message).toMatch(/weak key or hash/);
  });
});

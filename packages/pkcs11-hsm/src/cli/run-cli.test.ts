import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cli } from "./cli-fixture.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const openssl = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-hsm-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const root = ["--subject", "C=DE,O=Example\\, Inc.,CN=Root", "--days", "3650"];

async function makeRoot(type = "ec:p384"): Promise<void> {
  expect((await cli(["ceremony", "keygen", "--type", type, "--key-file", at("root.key")])).code).toBe(0);
  const made = await cli([
    "ceremony",
    "self-sign",
    ...root,
    "--key-file",
    at("root.key"),
    "--out",
    at("root.crt"),
  ]);
  expect(made).toMatchObject({ code: 0, err: "" });
}

describe("countersign-hsm with a key in a file", () => {
  test.each(["rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519"])(
    "%s: a root, a subordinate CA and a CRL that openssl verifies",
    async (type) => {
      await makeRoot(type);
      expect(openssl("x509", "-in", "root.crt", "-noout", "-subject")).toContain("CN = Root");
      const [key, ca] = [
        ["--key-file", at("root.key")],
        ["--ca", at("root.crt")],
      ];
      await cli(["ceremony", "keygen", "--type", "ec:p256", "--key-file", at("sub.key")]);
      await cli([
        "ceremony",
        "csr",
        "--subject",
        "O=Example,CN=Issuing",
        "--key-file",
        at("sub.key"),
        "--out",
        at("sub.csr"),
      ]);
      const sign = [
        "ceremony",
        "sign",
        ...ca,
        ...key,
        "--csr",
        at("sub.csr"),
        "--days",
        "365",
        "--out",
        at("sub.crt"),
      ];
      const signed = await cli([...sign, "--crl-url", "http://crl.example.com/root.crl"]);
      expect(signed).toMatchObject({ code: 0, err: "" });
      expect(signed.out).toMatch(/subject {3}CN=Issuing,O=Example[\s\S]*path {6}0\nSHA-256 {3}[0-9a-f]{64}/);
      expect(openssl("verify", "-x509_strict", "-CAfile", "root.crt", "sub.crt")).toContain("OK");
      const serial = openssl("x509", "-in", "sub.crt", "-noout", "-serial").trim().replace("serial=", "");
      writeFileSync(
        at("list.json"),
        JSON.stringify([{ serial, revokedAt: "2026-01-01T00:00:00Z", reason: "superseded" }]),
      );
      const list = [
        "crl",
        ...ca,
        ...key,
        "--revocations",
        at("list.json"),
        "--days",
        "7",
        "--out",
        at("ca.crl"),
      ];
      expect(await cli(list)).toMatchObject({
        code: 0,
        err: "",
        out: expect.stringContaining("with 1 certificates"),
      });
      expect(() =>
        openssl("verify", "-crl_check", "-CRLfile", "ca.crl", "-CAfile", "root.crt", "sub.crt"),
      ).toThrow(/certificate revoked/);
    },
  );

  test("takes the list out of a ConfigMap, and writes DER where asked to", async () => {
    await makeRoot();
    const entries = JSON.stringify([{ serial: "0A:1B", revokedAt: "2026-01-01T01:00:00+01:00" }]);
    writeFileSync(
      at("map.json"),
      JSON.stringify({ kind: "ConfigMap", data: { "revocations.json": entries } }),
    );
    const options = ["--ca", at("root.crt"), "--key-file", at("root.key"), "--days", "1", "--number", "77"];
    const made = await cli([
      "crl",
      ...options,
      "--revocations",
      at("map.json"),
      "--der",
      "--out",
      at("ca.crl"),
    ]);
    expect(made.out).toContain("CRL 77 of");
    const text = openssl("crl", "-inform", "DER", "-in", "ca.crl", "-noout", "-text");
    expect(text).toMatch(/Serial Number: 0A1B\n *Revocation Date: Jan {2}1 00:00:00 2026/);
  });

  test("replaces no file, and keeps keys to their owner", async () => {
    await makeRoot();
    expect(statSync(at("root.key")).mode & 0o777).toBe(0o600);
    const before = readFileSync(at("root.crt"), "utf8");
    const again = await cli([
      "ceremony",
      "self-sign",
      ...root,
      "--key-file",
      at("root.key"),
      "--out",
      at("root.crt"),
    ]);
    expect(again).toMatchObject({ code: 1, err: `${at("root.crt")} is there already; move it away` });
    expect(readFileSync(at("root.crt"), "utf8")).toBe(before);
    const key = await cli(["ceremony", "keygen", "--type", "ed25519", "--key-file", at("root.key")]);
    expect(key).toMatchObject({ code: 1, err: expect.stringContaining("is there already") });
  });

  test("refuses a CA certificate of another key", async () => {
    await makeRoot();
    await cli(["ceremony", "keygen", "--type", "ec:p384", "--key-file", at("other.key")]);
    writeFileSync(at("list.json"), "[]");
    const options = [
      "--ca",
      at("root.crt"),
      "--key-file",
      at("other.key"),
      "--days",
      "1",
      "--out",
      at("x.crl"),
    ];
    expect(await cli(["crl", ...options, "--revocations", at("list.json")])).toMatchObject({
      code: 1,
      err: expect.stringContaining("does not verify with the CA certificate"),
    });
  });

  test.each([
    ["no JSON", "{", "is not JSON"],
    ["an object", "{}", "not valid at its top"],
    ["no time", '[{"serial":"01"}]', "not valid at 0.revokedAt"],
    [
      "an unknown reason",
      '[{"serial":"01","revokedAt":"2026-01-01T00:00:00Z","reason":"removeFromCRL"}]',
      "not valid at 0.reason",
    ],
    [
      "a serial number twice",
      '[{"serial":"01","revokedAt":"2026-01-01T00:00:00Z"},{"serial":"0001","revokedAt":"2026-01-01T00:00:00Z"}]',
      "each once",
    ],
  ])("refuses a list of revocations with %s", async (_, text, words) => {
    await makeRoot();
    writeFileSync(at("list.json"), text);
    const options = [
      "--ca",
      at("root.crt"),
      "--key-file",
      at("root.key"),
      "--days",
      "1",
      "--out",
      at("x.crl"),
    ];
    expect(await cli(["crl", ...options, "--revocations", at("list.json")])).toMatchObject({
      code: 1,
      err: expect.stringContaining(words),
    });
  });
});

describe("countersign-hsm called wrongly", () => {
  const ca = ["--key-file", "k", "--out", "o"];

  test.each<[readonly string[], string]>([
    [["nonsense"], 'there is no command "nonsense"'],
    [["ceremony", "keygen"], "--type is missing"],
    [["ceremony", "keygen", "--type", "dsa"], "--type must be one of rsa:2048"],
    [
      ["ceremony", "keygen", "--type", "ed25519", "--label", "l", "--id", "xyz"],
      "--id must be pairs of hexadecimal digits",
    ],
    [["ceremony", "keygen", "--typ", "ed25519"], "Unknown option '--typ'"],
    [["ceremony", "self-sign", "--subject", "nonsense", "--days", "1", ...ca], "--subject must be like"],
    [
      ["ceremony", "self-sign", "--subject", "CN=a", "--days", "0", ...ca],
      "--days must be a whole number from 1 to 36500",
    ],
    [["ceremony", "self-sign", "--subject", "CN=a", ...ca], "--days is missing"],
    [["ceremony", "show"], "--module is missing"],
    [["ceremony", "show", "--module", "/m.so"], "--token is missing"],
    [["ceremony", "show", "--module", "/m.so", "--token", "t"], "--pin-file or --pin-env is missing"],
    [
      ["ceremony", "show", "--module", "/m.so", "--token", "t", "--pin-env", "NONE"],
      "the variable NONE of --pin-env is not set",
    ],
    [["ceremony", "show", "--pin", "1234"], "Unknown option '--pin'"],
  ])("%j is exit code 2 and says what is wrong", async (argv, words) => {
    const { code, out, err } = await cli(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(words);
    expect(err).toMatch(/See: countersign-hsm .*--help$/);
    expect(err).not.toContain("\n");
  });

  test("help is had for the whole and for each command", async () => {
    expect(await cli(["--help"])).toMatchObject({ code: 0, err: "" });
    expect((await cli([])).code).toBe(2);
    const names = [...(await cli(["--help"])).out.matchAll(/^ {2}((?:ceremony )?[a-z-]+) {2,}/gm)].map(
      ([, name]) => name ?? "",
    );
    expect(names).toHaveLength(7);
    for (const name of names) {
      const { code, out } = await cli([...name.split(" "), "--help"]);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: countersign-hsm ${name} `));
    }
  });
});

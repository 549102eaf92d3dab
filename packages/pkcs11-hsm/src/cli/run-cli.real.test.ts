import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createP11Fault } from "../../../../test/rigs/p11-fault.ts";
import { describeWithPkcs11 } from "../../../../test/rigs/pkcs11-tools.ts";
import { createSoftHsm, type SoftHsm, softHsmPin } from "../../../../test/rigs/softhsm.ts";
import { keyTypes } from "../ceremony/generate-key.ts";

const cliFile = join(import.meta.dirname, "..", "cli.ts");

// As a process: the environment names SoftHSM's tokens, and a module that crashes takes its process with it.
describeWithPkcs11("countersign-hsm on SoftHSM", () => {
  let hsm: SoftHsm;
  let folder: string;
  const at = (name: string) => join(folder, name);

  beforeAll(async () => {
    hsm = await createSoftHsm();
    await hsm.addToken("root");
    await hsm.addToken("issuing");
    folder = mkdtempSync(join(tmpdir(), "countersign-hsm-cli-"));
    writeFileSync(at("pin"), `${softHsmPin}\n`);
    writeFileSync(at("wrong-pin"), "wrong-pin");
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await hsm[Symbol.asyncDispose]();
  });

  function run(argv: readonly string[], env: Readonly<Record<string, string>> = hsm.env) {
    try {
      const stdio = "pipe" as const;
      const out = execFileSync(process.execPath, [cliFile, ...argv], {
        encoding: "utf8",
        stdio,
        env: { ...process.env, ...env },
      });
      return { code: 0, out, err: "" };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, out: stdout, err: stderr };
    }
  }
  const token = (label: string, pin = "pin") => [
    "--module",
    hsm.modulePath,
    "--token",
    label,
    "--pin-file",
    at(pin),
  ];
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });

  test("a whole ceremony: root, issuing CA in a second token, CRL, verified by openssl", () => {
    const [root, issuing] = [token("root"), token("issuing")];
    const made = run(["ceremony", "keygen", "--type", "ec:p384", "--label", "root", "--id", "01", ...root]);
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^made a P-384 key labelled root with id 01, SHA-256/),
    });
    const self = [
      "ceremony",
      "self-sign",
      "--subject",
      "C=DE,CN=Root",
      "--days",
      "7300",
      "--out",
      at("root.crt"),
    ];
    expect(run([...self, "--label", "root", ...root])).toMatchObject({ code: 0, err: "" });
    expect(
      run(["ceremony", "keygen", "--type", "rsa:3072", "--label", "issuing", "--id", "a1", ...issuing]).code,
    ).toBe(0);
    const csr = ["ceremony", "csr", "--subject", "C=DE,CN=Issuing", "--out", at("issuing.csr")];
    expect(
      run([
        ...csr,
        "--uri",
        `pkcs11:token=issuing;id=%a1?module-path=${hsm.modulePath}`,
        "--pin-file",
        at("pin"),
      ]).code,
    ).toBe(0);
    expect(openssl("req", "-in", "issuing.csr", "-verify", "-noout")).toBeDefined();
    const sign = ["ceremony", "sign", "--ca", at("root.crt"), "--csr", at("issuing.csr"), "--days", "1825"];
    expect(run([...sign, "--out", at("issuing.crt"), ...root])).toMatchObject({ code: 0, err: "" });
    expect(openssl("verify", "-x509_strict", "-CAfile", "root.crt", "issuing.crt")).toContain("OK");

    expect(run(["ceremony", "import", "--certificate", at("issuing.crt"), ...issuing]).out).toMatch(
      /with the id a1 of its key/,
    );
    expect(run(["ceremony", "import", "--certificate", at("issuing.crt"), ...issuing])).toMatchObject({
      code: 1,
      err: "the token has a certificate with id a1 already; remove it first\n",
    });
    expect(run(["ceremony", "import", "--certificate", at("root.crt"), ...issuing]).err).toMatch(
      /none of the token's 1 private keys of the CA certificate is the key/,
    );
    const shown = JSON.parse(run(["ceremony", "show", "--json", ...issuing]).out) as { keys: unknown[] };
    expect(shown.keys).toEqual([
      expect.objectContaining({
        id: "a1",
        label: "issuing",
        algorithm: "RSA 3072",
        alwaysSensitive: true,
        neverExtractable: true,
        local: true,
        hasCertificate: true,
      }),
    ]);
    writeFileSync(at("list.json"), JSON.stringify([{ serial: "01", revokedAt: "2026-01-01T00:00:00Z" }]));
    const crl = [
      "crl",
      "--ca",
      at("issuing.crt"),
      "--revocations",
      at("list.json"),
      "--days",
      "7",
      "--out",
      at("ca.crl"),
    ];
    expect(run([...crl, ...issuing])).toMatchObject({ code: 0, err: "" });
    expect(() =>
      openssl("crl", "-in", "ca.crl", "-CAfile", "issuing.crt", "-verify", "-noout"),
    ).not.toThrow();
  });

  test.each(keyTypes)("keygen %s makes a key that signs", (type) => {
    const name = type.replace(":", "-");
    const id = Buffer.from(name).toString("hex");
    const where = ["--label", name, "--id", id, ...token("root")];
    expect(run(["ceremony", "keygen", "--type", type, ...where]).code).toBe(0);
    const self = [
      "ceremony",
      "self-sign",
      "--subject",
      `CN=${name}`,
      "--days",
      "1",
      "--out",
      at(`${name}.crt`),
    ];
    expect(run([...self, ...where])).toMatchObject({ code: 0, err: "" });
    expect(openssl("verify", "-x509_strict", "-CAfile", `${name}.crt`, `${name}.crt`)).toContain("OK");
  });

  test("keygen refuses a label or an id that is there, and makes keys that want the PIN each time", () => {
    const keygen = ["ceremony", "keygen", "--type", "ec:p256", ...token("root")];
    expect(run([...keygen, "--label", "always", "--id", "f0", "--always-authenticate"]).code).toBe(0);
    const self = [
      "ceremony",
      "self-sign",
      "--subject",
      "CN=a",
      "--days",
      "1",
      "--label",
      "always",
      ...token("root"),
    ];
    expect(run([...self, "--out", at("always.crt")])).toMatchObject({ code: 0, err: "" });
    expect(run([...keygen, "--label", "always", "--id", "f1"]).err).toMatch(
      /has a key labelled "always" already/,
    );
    expect(run([...keygen, "--label", "another", "--id", "F0"]).err).toMatch(/has a key with id f0 already/);
    expect(run(["ceremony", "show", ...token("root")]).out).toMatch(
      /always {2}id f0 {2}P-256[\s\S]*PIN for each signature: yes/,
    );
  });

  describe("failures are one line, exit code 1, and no PIN", () => {
    test.each([
      [
        "a wrong PIN",
        () => ["ceremony", "show", ...token("root", "wrong-pin")],
        /refused the PIN with CKR_PIN_INCORRECT/,
      ],
      [
        "a token that is not there",
        () => ["ceremony", "show", ...token("none")],
        /no token labelled "none" is present/,
      ],
      [
        "a module that is not there",
        () => ["ceremony", "show", "--module", "/none.so", "--token", "a", "--pin-file", at("pin")],
        /none\.so/,
      ],
      [
        "a key that is not there",
        () => [
          "ceremony",
          "csr",
          "--subject",
          "CN=a",
          "--out",
          at("none.csr"),
          "--label",
          "none",
          ...token("root"),
        ],
        /the token has no private key labelled "none"/,
      ],
    ])("%s", (_, argv, words) => {
      const { code, out, err } = run(argv());
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toMatch(words);
      expect(err.trimEnd()).not.toContain("\n");
      expect(err).not.toContain("wrong-pin");
    });
  });

  test("a wrong PIN is one C_Login", async () => {
    await using fault = await createP11Fault(hsm.modulePath, hsm.env);
    const where = ["--module", fault.modulePath, "--token", "root", "--pin-file", at("wrong-pin")];
    expect(run(["ceremony", "show", ...where], fault.env).code).toBe(1);
    expect(await fault.count("C_Login")).toBe(1);
    const csr = ["ceremony", "csr", "--subject", "CN=a", "--out", at("x.csr"), "--label", "root", ...where];
    expect(run(csr, fault.env).code).toBe(1);
    expect(await fault.count("C_Login")).toBe(2);
  });
});

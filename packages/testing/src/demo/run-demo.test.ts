import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { hostileCsrs } from "../../../../test/e2e/fixtures/hostile-csrs.ts";
import { Openssl } from "../../../../test/e2e/fixtures/openssl.ts";
import {
  csrNames,
  csrRecipes,
  opensslCsr,
  subjectAndKey,
} from "../../../../test/e2e/fixtures/openssl-csrs.ts";
import { opensslVerdict } from "../../../../test/e2e/fixtures/openssl-verdict.ts";
import { runDemoProcess } from "./demo-fixture.ts";

// Every test here starts processes and makes keys; RSA-4096 alone may take ten seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const oneLine = /^[^\n]{20,500}\n$/;
const stepTimes = (stdout: string) =>
  [...stdout.matchAll(/^ *(\d+\.\d{3}) s {2}/gm)].map(([, time]) => Number(time));

/** Left to the end-to-end suite, since each costs a process here. */
const elsewhere = new Set([
  "another key's signature",
  "a truncated PEM block",
  "an RSA key of 1024 bits",
  "an EC point off the curve",
  "the label of a certificate",
  "nothing in it",
]);
const broken = hostileCsrs.filter(([what]) => !elsewhere.has(what));

describe.each([
  ["software-ca", 5, 3],
  ["http-pki", 6, 6],
])("the demonstration of %s", (name, steps, seconds) => {
  test.concurrent("issues a certificate step by step into the folder that it names", async () => {
    await using openssl = await Openssl.open();
    const { code, stdout, stderr } = await runDemoProcess(name, [], { cwd: openssl.folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const times = stepTimes(stdout);
    expect(times.length).toBeGreaterThanOrEqual(steps);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(seconds);
    for (const word of ["approved", "signed in", "Ready"]) expect(stdout).toContain(word);
    expect(stdout).toMatch(/^ {2}subject {3}CN=web\.example\.com$/m);
    expect(stdout).toMatch(/^ {2}names {5}web\.example\.com, www\.example\.com$/m);
    expect(stdout).toMatch(/^ {2}valid {5}\S+Z to \S+Z \(90 days\)$/m);
    expect(stdout).toMatch(/^ {2}chain {5}CN=web\.example\.com {2}<- {2}CN=.+$/m);

    const folder = /^Written to (.+): tls\.crt, tls\.key, ca\.crt$/m.exec(stdout)?.[1] ?? "";
    expect(folder).toBe(`countersign-out/${name}`);
    expect((await readdir(openssl.path(folder))).sort()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
    expect((await stat(openssl.path(`${folder}/tls.key`))).mode & 0o777).toBe(0o600);
    const verdict = await opensslVerdict({
      chain: await openssl.read(`${folder}/tls.crt`),
      ca: await openssl.read(`${folder}/ca.crt`),
      key: await openssl.read(`${folder}/tls.key`),
    });
    expect(verdict.publicKey).toBe(verdict.publicKeyOfKey);
    const advice = /^Verify it: {2}openssl (verify .+)$/m.exec(stdout)?.[1] ?? "";
    expect(await openssl.run(...advice.split(" "))).toBe(`${folder}/tls.crt: OK\n`);
  });
});

describe("a demonstration that is given a CSR", () => {
  test.concurrent.each(csrRecipes)(
    "keeps its key and its subject to the byte, and every name: $name",
    async (recipe) => {
      await using openssl = await Openssl.open();
      await opensslCsr(openssl, recipe);
      const { code, stdout, stderr } = await runDemoProcess(
        "software-ca",
        ["--csr", "csr.pem", "--out", "."],
        {
          cwd: openssl.folder,
        },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Written to \.: tls\.crt, ca\.crt$/m);
      const issued = { chain: await openssl.read("tls.crt"), ca: await openssl.read("ca.crt") };
      expect((await opensslVerdict(issued)).text).toContain(csrNames);
      const asked = await subjectAndKey(openssl, "req", "csr.pem");
      expect(asked.subject).toContain("52C3A46B736DC3B67267C3A573");
      expect(await subjectAndKey(openssl, "x509", "tls.crt")).toEqual(asked);
    },
  );

  test.concurrent.each(broken)("refuses one with %s in one line, and writes no file", async (_, make) => {
    await using openssl = await Openssl.open();
    await openssl.write("csr.pem", make());
    const { code, stderr } = await runDemoProcess("software-ca", ["--csr", "csr.pem"], {
      cwd: openssl.folder,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/certificate request refused: .+; .+/);
    expect(await readdir(openssl.folder)).toEqual(["csr.pem"]);
  });

  test.concurrent("also reaches another PKI with it", async () => {
    await using openssl = await Openssl.open();
    await opensslCsr(openssl, {
      name: "P-256",
      genpkey: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    });
    const { code } = await runDemoProcess("http-pki", ["--csr", "csr.pem", "--out", "out"], {
      cwd: openssl.folder,
    });
    expect(code).toBe(0);
    const asked = await subjectAndKey(openssl, "req", "csr.pem");
    expect(await subjectAndKey(openssl, "x509", "out/tls.crt")).toEqual(asked);
  });

  test.concurrent("takes relative paths from the folder where npm was called", async () => {
    await using openssl = await Openssl.open();
    await mkdir(openssl.path("sub"));
    await opensslCsr(openssl, { name: "Ed25519", genpkey: ["-algorithm", "ED25519"] });
    const { code, stdout } = await runDemoProcess("software-ca", ["--csr", "../csr.pem", "--out", "mine"], {
      cwd: "/",
      initCwd: openssl.path("sub"),
    });
    expect(code).toBe(0);
    expect((await readdir(openssl.path("sub/mine"))).sort()).toEqual(["ca.crt", "tls.crt"]);
    expect(stdout).toMatch(/^Written to .+\/sub\/mine: tls\.crt, ca\.crt$/m);
  });
});

describe("a demonstration that cannot go on", () => {
  const kubeconfig = (server: string) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "only", context: { cluster: "c", user: "u" } }],
      "current-context": "only",
    });

  test.concurrent.each<readonly [what: string, args: readonly string[], message: RegExp]>([
    [
      "a CSR that is not there",
      ["--csr", "nowhere.pem"],
      /Cannot read .+nowhere\.pem \(ENOENT\)\. Give the path/,
    ],
    ["a folder in place of a CSR", ["--csr", "folder"], /Cannot read .+folder \(EISDIR\)/],
    ["an empty file", ["--csr", "empty"], /Cannot read .+empty \(it is empty\)\. Give the path/],
    ["a file of two megabytes", ["--csr", "large"], /Cannot read .+large \(it has 2097152 bytes\)/],
    [
      "a file in place of the output folder",
      ["--out", "large"],
      /Cannot write to .+large \(EEXIST\)\. Choose another folder/,
    ],
    ["an unknown option", ["--crs", "x"], /Unknown option '--crs'\. See --help\./],
    ["a word that is no option", ["x"], /Unexpected argument 'x'.*See --help\./],
    ["a CSR and a cluster", ["--csr", "large", "--kubeconfig", "config"], /do not go together/],
    ["a context without a cluster", ["--context", "prod"], /--context needs --kubeconfig/],
    [
      "a kubeconfig that is not there",
      ["--kubeconfig", "nowhere"],
      /The kubeconfig .+nowhere cannot be read \(ENOENT\)/,
    ],
    ["a kubeconfig that is none", ["--kubeconfig", "text"], /The kubeconfig .+text is malformed/],
    [
      "a context that the kubeconfig lacks",
      ["--kubeconfig", "config", "--context", "prod"],
      /no context prod\. There are: only\./,
    ],
    ["a cluster that does not answer", ["--kubeconfig", "config"], /127\.0\.0\.1:1 refused the connection/],
  ])("says so in one line and ends with a failure: %s", async (_, args, message) => {
    await using openssl = await Openssl.open();
    await mkdir(openssl.path("folder"));
    await writeFile(openssl.path("large"), Buffer.alloc(2 * 1024 * 1024));
    await writeFile(openssl.path("empty"), "");
    await writeFile(openssl.path("text"), "{]");
    await writeFile(openssl.path("config"), kubeconfig("https://127.0.0.1:1"));
    const { code, stderr } = await runDemoProcess("software-ca", args, { cwd: openssl.folder });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(message);
  });

  test.concurrent("explains itself when asked, with the command that the user typed", async () => {
    await using openssl = await Openssl.open();
    const options = { cwd: openssl.folder };
    const [first, other] = [
      await runDemoProcess("software-ca", ["--help"], options),
      await runDemoProcess("http-pki", ["-h"], options),
    ];
    expect(first).toMatchObject({ code: 0, stderr: "" });
    for (const option of ["--csr", "--out", "--kubeconfig", "--context", "--print-manifests", "--help"]) {
      expect(first.stdout).toContain(`${option} `);
    }
    expect(first.stdout).toContain("npm start -- --csr FILE");
    expect(other.stdout).toContain("npm run demo http-pki -- --csr FILE");
  });
});

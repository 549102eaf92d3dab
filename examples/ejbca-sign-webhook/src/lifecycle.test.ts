import { execFile } from "node:child_process";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePort } from "../../../test/rigs/free-port.ts";
import { newConnectionCa } from "./demo-service.ts";
import { curlClient, newBody, startProgram } from "./program-fixture.ts";

const json = ["--header", "Content-Type: application/json"];
const post = (url: string, data: string) => [...json, "--data-binary", data, `${url}/sign`];
/** Nothing is claimed of the time: a loaded machine takes it. */
const patience = { timeout: 15_000 };
const main = join(import.meta.dirname, "main.ts");

/** Runs the program to its end. */
function end(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe("SIGTERM", () => {
  test("answers what is under way, takes nothing new, and ends with 0", async () => {
    await using program = await startProgram();
    const { ejbca, ca } = program.files;
    await using curl = await curlClient(ca.pem, await ca.issue("webhook-issuer"));
    ejbca.faults.add({ action: { kind: "delay", ms: 1_500 }, route: "pkcs10enroll" });
    const call = curl.run(...post(program.url, await newBody()));
    await expect
      .poll(() => ejbca.requests.some(({ path }) => path.includes("pkcs10enroll")), patience)
      .toBe(true);
    program.process.kill("SIGTERM");
    await expect.poll(() => program.lines.some(({ msg }) => msg === "draining"), patience).toBe(true);
    const refused = async () =>
      curl.run(`${program.url}/health`).then(
        ({ status }) => `${status}`,
        (error: Error) => error.message,
      );
    await expect.poll(refused, patience).toMatch(/connect|refused/i);
    expect((await call).status).toBe(200);
    expect(await program.exited).toBe(0);
    expect(program.lines.at(-1)?.msg).toBe("stopped");
  });

  test("a second one ends it at once with 1", async () => {
    await using program = await startProgram({ drain: { delay: "60s" } });
    program.process.kill("SIGTERM");
    await expect.poll(() => program.lines.some(({ msg }) => msg === "draining"), patience).toBe(true);
    program.process.kill("SIGTERM");
    expect(await program.exited).toBe(1);
  });

  test("readiness ends with it, and liveness does not", async () => {
    await using program = await startProgram({ drain: { delay: "60s" } }, ["--probe-port", "0"]);
    expect(program.lines.find(({ msg }) => msg === "serving")?.probePort).toBeUndefined();
    const probePort = await freePort();
    await using probed = await startProgram({ drain: { delay: "60s" }, probePort });
    const probe = async (path: string) => (await fetch(`http://127.0.0.1:${probePort}${path}`)).status;
    expect([await probe("/livez"), await probe("/readyz"), await probe("/sign")]).toEqual([200, 200, 404]);
    probed.process.kill("SIGTERM");
    await expect.poll(() => probe("/readyz"), patience).toBe(503);
    expect(await probe("/livez")).toBe(200);
  });
});

describe("rotated files, without a restart", () => {
  test("EJBCA's client certificate under load: no request fails, and the old one is used no more", async () => {
    await using program = await startProgram();
    const { files } = program;
    const { ejbca, ca } = files;
    const identity = await ca.issue("webhook-issuer");
    await using curl = await curlClient(ca.pem, identity);
    let isOver = false;
    const statuses: number[] = [];
    const load = async () => {
      while (!isOver) statuses.push((await curl.run(...post(program.url, await newBody()))).status);
    };
    const loads = [load(), load(), load()];
    try {
      await expect.poll(() => statuses.length, patience).toBeGreaterThan(5);
      const next = ejbca.newClient("issuer");
      await files.mount("ejbca-client", {
        "tls.crt": next.cert,
        "tls.key": next.key,
        "ca.crt": ejbca.tlsCaPem,
      });
      const inUse = () =>
        program.lines.some(({ msg }) => msg === "the Secrets of EJBCA have changed, and are in use");
      await expect.poll(inUse, patience).toBe(true);
      // Calls that began with the old one end before.
      await new Promise((resolve) => setTimeout(resolve, 500));
      // From now on EJBCA takes the old one for revoked.
      ejbca.revokedAdmins.add(ejbca.clients.issuer.serial);
      const before = statuses.length;
      await expect.poll(() => statuses.length, patience).toBeGreaterThan(before + 10);
    } finally {
      isOver = true;
      await Promise.all(loads);
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(ejbca.ledger.duplicates()).toEqual([]);
  });

  test("the server's certificate and the CAs of clients; what does not fit together is told and not used", async () => {
    await using program = await startProgram();
    const { files, url } = program;
    const { ca } = files;
    await using curl = await curlClient(ca.pem, await ca.issue("webhook-issuer"));
    const body = async () => newBody();
    expect((await curl.run(...post(url, await body()))).status).toBe(200);

    const [one, two] = [await ca.issue("sign-webhook"), await ca.issue("sign-webhook")];
    await files.mount("server", { "tls.crt": one.cert, "tls.key": two.key, "clients.crt": ca.pem });
    const told = () => program.lines.some(({ msg }) => msg.startsWith("the TLS files cannot be used"));
    await expect.poll(told, patience).toBe(true);
    expect((await curl.run(...post(url, await body()))).status).toBe(200);

    const newCa = newConnectionCa("New");
    const server = await newCa.issue("sign-webhook");
    await files.mount("server", { "tls.crt": server.cert, "tls.key": server.key, "clients.crt": newCa.pem });
    await using newCurl = await curlClient(newCa.pem, await newCa.issue("webhook-issuer"));
    await expect
      .poll(async () => newCurl.run(...post(url, await body())).catch(() => undefined), patience)
      .toMatchObject({ status: 200 });
    await expect(curl.run(...post(url, await body()))).rejects.toThrow(/certificate/i);
    await using old = await curlClient(newCa.pem, await ca.issue("webhook-issuer"));
    expect((await old.run(...post(url, await body()))).status).toBe(401);
  });

  test("SIGHUP looks at once, and opens the audit log anew", async () => {
    await using first = await startProgram();
    const { folder } = first.files;
    const audit = join(folder, "audit.log");
    await using program = await startProgram({ reloadEvery: "1h", auditLog: audit });
    const { ca } = program.files;
    await using curl = await curlClient(ca.pem, await ca.issue("webhook-issuer"));
    expect((await curl.run(...post(program.url, await newBody("a.example.com")))).status).toBe(200);
    await expect.poll(() => readFile(audit, "utf8"), patience).toContain("a.example.com");
    await rename(audit, `${audit}.1`);
    program.process.kill("SIGHUP");
    await expect.poll(() => readFile(audit, "utf8").catch(() => "none"), patience).toBe("");
    expect((await curl.run(...post(program.url, await newBody("b.example.com")))).status).toBe(200);
    await expect.poll(() => readFile(audit, "utf8"), patience).toContain("b.example.com");
    const [line] = (await readFile(`${audit}.1`, "utf8")).trim().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      decision: "issued",
      status: 200,
      caller: "CN=webhook-issuer",
      method: "certificate",
      csr: { subject: "CN=a.example.com", names: ["a.example.com"], nameCount: 1 },
    });
  });
});

describe("the command line", () => {
  test("--help says what there is", async () => {
    const { code, stdout } = await end("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--config FILE");
  });

  test.each<[string, readonly string[], number, string]>([
    ["no configuration", [], 2, "--config FILE"],
    ["an unknown flag", ["--frobnicate"], 2, "See --help."],
    ["a file that is not there", ["--config", "/none.yaml"], 2, "/none.yaml cannot be read"],
    ["a port that is none", ["--config", "CONFIG", "--port", "x"], 2, "at port"],
    [
      "Secrets that are not there",
      ["--config", "CONFIG", "--secrets-directory", "/none"],
      1,
      "cannot be read (ENOENT)",
    ],
  ])("%s is one line", async (_, args, code, words) => {
    await using program = await startProgram();
    const { config } = program.files;
    const result = await end(...args.map((arg) => (arg === "CONFIG" ? config : arg)));
    expect(result).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["an unknown field", { passwrd: "x" }, "passwrd"],
    [
      "plain HTTP beyond loopback",
      { tls: undefined, clients: undefined, tokens: {}, host: "0.0.0.0" },
      "There is no tls",
    ],
    ["clients without TLS", { tls: undefined }, "clients needs tls"],
    ["nobody", { clients: undefined }, "Nobody may use the service"],
    ["clients without names", { clients: { caFile: "x" } }, "clients names nobody"],
    ["tokens without an audience", { tokens: { usernames: ["a"] } }, "tokens.audiences is empty"],
    ["tokens of nobody", { tokens: { audiences: ["a"] } }, "tokens names nobody"],
    ["a duration in words", { drain: { delay: "soon" } }, "drain.delay: expected a duration"],
    ["no CA at EJBCA", { ejbca: {} }, "ejbca"],
  ])("a configuration with %s is refused in one line", async (_, more, words) => {
    const error = await startProgram(more).then(
      () => "it started",
      (thrown: Error) => thrown.message,
    );
    expect(error).toContain("ended with 2");
    expect(error).toContain(words);
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newCsr } from "./csr-fixture.ts";
import { callSimulator } from "./simulator-client.ts";

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), ...args]);
  const output = { text: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    output.text += chunk;
  });
  return { child, output, exit: once(child, "exit") };
}

test("--help says what there is; a wrong number is named", async () => {
  const help = start("--help");
  expect((await help.exit)[0]).toBe(0);
  for (const word of ["--pending N", "--workflow", "simulators", "README.md"])
    expect(help.output.text).toContain(word);
  expect((await start("--pending", "many").exit)[0]).toBe(2);
});

test("both simulators run with what it prints, wait for a word of approval, and stop at a signal", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "venafi-simulators-"));
  context.onTestFinished(() => rm(directory, { recursive: true }));
  const { child, output, exit } = start(
    "--tpp-port",
    "0",
    "--cloud-port",
    "0",
    "--dir",
    directory,
    "--workflow",
  );
  context.onTestFinished(() => void child.kill("SIGKILL"));
  await expect.poll(() => output.text, { timeout: 15_000 }).toContain("API key");
  const [, tppUrl = ""] = /^TPP .*(https:\S+)$/m.exec(output.text) ?? [];
  const [, cloudUrl = ""] = /^SaaS .*(https:\S+)$/m.exec(output.text) ?? [];
  const [, key = ""] = /API key +(\S+)/.exec(output.text) ?? [];
  const tpp = { url: tppUrl, caPem: await readFile(join(directory, "tpp-ca.pem"), "utf8") };
  const cloud = { url: cloudUrl, caPem: await readFile(join(directory, "cloud-ca.pem"), "utf8") };
  const account = await callSimulator(cloud, {
    to: "GET /v1/useraccounts",
    headers: { "tppl-api-key": key },
  });
  expect(account.status).toBe(200);
  const login = { client_id: "cert-manager.io", username: "local:issuer", password: "issuer-password" };
  const json = { ...login, scope: "certificate:manage" };
  const bearer = (await callSimulator(tpp, { to: "POST /vedauth/authorize/oauth", json })).json.access_token;
  const sdk = (path: string, body: object) =>
    callSimulator(tpp, { to: `POST /vedsdk/certificates/${path}`, bearer, json: body });
  const request = { PolicyDN: "\\VED\\Policy\\Open", PKCS10: await newCsr() };
  const { CertificateDN } = (await sdk("request", request)).json;
  const retrieve = async () => (await sdk("retrieve", { CertificateDN, Format: "Base64" })).status;
  expect(await retrieve()).toBe(202);
  child.stdin.write("approve\n");
  await expect.poll(retrieve).toBe(200);
  child.kill("SIGTERM");
  expect((await exit)[0]).toBe(0);
  const ledger = (await readFile(join(directory, "tpp-ledger.jsonl"), "utf8")).trim().split("\n");
  expect(ledger.map((line) => JSON.parse(line).kind)).toEqual(["grant", "order", "certificate"]);
});

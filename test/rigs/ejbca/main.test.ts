import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const main = join(import.meta.dirname, "main.ts");

test("the EJBCA simulator says how it is started", async () => {
  const { stdout } = await run(process.execPath, [main, "--help"]);
  expect(stdout).toContain("It is no EJBCA.");
  expect(stdout).toContain("--out DIR");
});

test("the EJBCA simulator runs for a person with curl, and ends when told to", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ejbca-main-"));
  const child = spawn(process.execPath, [main, "--out", folder], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [output] = (await once(child.stdout, "data")) as [Buffer];
    const url = /REST +(\S+)/.exec(output.toString())?.[1];
    const file = (name: string) => join(folder, name);
    const { stdout } = await run("curl", [
      ...["--silent", "--cacert", file("tls-ca.pem"), "--cert", file("issuer.crt")],
      ...["--key", file("issuer.key"), `${url}/v1/ca`],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ certificate_authorities: [{ name: "LabIssuingCA" }] });
    expect(await readdir(folder)).toContain("LabIssuingCA.chain.pem");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
});

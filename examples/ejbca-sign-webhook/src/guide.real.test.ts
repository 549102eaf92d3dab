import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AdminShell, startAdminShell } from "../../../test/rigs/admin-shell.ts";
import { type CertManager, startCertManager } from "../../../test/rigs/cert-manager.ts";
import { type ControlPlane, startControlPlane } from "../../../test/rigs/control-plane.ts";
import { type Ejbca, startEjbca } from "../../../test/rigs/ejbca/start-ejbca.ts";
import { freePort } from "../../../test/rigs/free-port.ts";
import { CERT_MANAGER, describeWithRigs } from "../../../test/rigs/rigs.ts";
import { logTail, type ServerProcess, startServer } from "../../../test/rigs/server-process.ts";
import { type MarkdownBlock, markdownBlocks } from "../../../test/tools/markdown-blocks.ts";

const root = join(import.meta.dirname, "../../..");
const marks = new Set(["by-hand", "service", "issuer"]);

/** What the log of a program says when it works. */
const signs: Readonly<Record<string, string>> = { service: '"msg":"serving"', issuer: '"msg":"watching"' };

async function guideBlocks(port: number): Promise<readonly MarkdownBlock[]> {
  const page = await readFile(join(root, "docs/guides/webhook.md"), "utf8");
  return markdownBlocks(page.replaceAll("8443", `${port}`));
}

test("the guide marks its blocks with words that this test knows", async () => {
  const blocks = await guideBlocks(8443);
  expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
});

describeWithRigs(CERT_MANAGER, "docs/guides/webhook.md", () => {
  let directory: string;
  let ejbca: Ejbca;
  let controlPlane: ControlPlane;
  let certManager: CertManager;
  let shell: AdminShell;
  const programs = new Map<string, ServerProcess>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "countersign-webhook-guide-"));
    ejbca = await startEjbca();
    controlPlane = await startControlPlane();
    const timing = { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" };
    certManager = await startCertManager(controlPlane, timing);
    const client = join(directory, "secrets", "ejbca-client");
    await mkdir(client, { recursive: true });
    const { cert, key } = ejbca.clients.issuer;
    const files = { "tls.crt": cert, "tls.key": key, "ca.crt": ejbca.tlsCaPem };
    for (const [name, text] of Object.entries(files)) await writeFile(join(client, name), text);
    shell = await startAdminShell({
      directory,
      commands: { kubectl: controlPlane.kubectlPath },
      env: {
        ...process.env,
        KUBECONFIG: controlPlane.kubeconfigPath,
        EJBCA_URL: new URL(ejbca.url).origin,
        EJBCA_CA: "LabIssuingCA",
        EJBCA_PROFILE: "LabTLS",
        EJBCA_EE_PROFILE: "LabEEP-OneCA",
      },
    });
  });
  afterAll(async () => {
    for (const program of programs.values()) await program.stop();
    await certManager?.[Symbol.asyncDispose]();
    await controlPlane?.stop();
    await ejbca?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function follow({ text, line }: MarkdownBlock): Promise<string> {
    const { code, output } = await shell.run(`set -eu\n${text}`);
    if (code === 0) return output;
    const logs = [...programs.keys()].map((name) => logTail(join(directory, `${name}.log`)));
    throw new Error(`line ${line} of guides/webhook.md\n${output}\n${(await Promise.all(logs)).join("\n")}`);
  }

  async function start({ text, marks: [name = ""] }: MarkdownBlock): Promise<void> {
    await programs.get(name)?.stop();
    const args = ["-c", `cd "$0" && exec ${text}`, directory];
    const logPath = join(directory, `${name}.log`);
    await rm(logPath, { force: true });
    programs.set(name, await startServer({ name, command: "/bin/sh", args, logPath, env: shell.env }));
    const log = () => readFile(logPath, "utf8");
    await expect.poll(log, { timeout: 30_000 }).toContain(signs[name] ?? "no sign");
  }

  test("leads to certificates that openssl verifies, each issued once by the simulator", async () => {
    let output = "";
    for (const block of await guideBlocks(await freePort())) {
      if (block.language === "text") expect(output).toContain(block.text.trim());
      else if (block.marks.includes("service") || block.marks.includes("issuer")) await start(block);
      else if (block.language === "sh" && block.marks.length === 0) output = await follow(block);
    }
    const [leaf] = parseCertificates(await readFile(join(directory, "tls.crt"), "utf8"));
    expect(leaf?.names.dns).toEqual(["web.example.com"]);
    expect(ejbca.ledger.entries.map(({ serial }) => serial)).toContain(leaf?.serialHex.toUpperCase());
    expect(ejbca.ledger.entries).toHaveLength(2);
    const decisions = (await readFile(join(directory, "service.log"), "utf8")).split("\n");
    expect(decisions.some((line) => line.includes('"decision":"denied"'))).toBe(true);
  }, 300_000);
});

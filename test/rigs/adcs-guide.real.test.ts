import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseCertificates } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import { type MarkdownBlock, markdownBlocks } from "../tools/markdown-blocks.ts";
import { type Certsrv, startCertsrv } from "./adcs/start-certsrv.ts";
import { type Acceptor, startAcceptor } from "./adcs-acceptors.ts";
import { type Kdc, startKdc } from "./adcs-kdc.ts";
import { describeWithAcceptors } from "./adcs-tools.ts";
import { startCertManager } from "./cert-manager.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { runTool } from "./pkcs11-tools.ts";
import { CERT_MANAGER, describeWithRigs } from "./rigs.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");
const marks = new Set(["by-hand", "run", "approved"]);
const service = "HTTP/pki.corp.example.com";
const account = { name: "svc-certs", password: "Pässw0rd-1" };

const guideBlocks = async () => markdownBlocks(await readFile(join(root, "docs/guides/adcs.md"), "utf8"));

test("the guide marks its blocks with words that this test knows", async () => {
  const blocks = await guideBlocks();
  expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
});

/** The folder of the guide's reader, with what Windows gave them. */
async function readerFolder(controlPlane: ControlPlane, kdc: Kdc, acceptor: Acceptor): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-adcs-guide-"));
  const at = (name: string) => join(directory, name);
  await mkdir(at("bin"));
  await symlink(controlPlane.kubectlPath, at("bin/kubectl"));
  for (const folder of ["examples", "packages"]) await symlink(join(root, folder), at(folder));
  await writeFile(at("web-ca.pem"), acceptor.caPem);
  await copyFile(await kdc.keytab(account.name), at("svc-certs.keytab"));
  // As Windows exports a CA: DER, and PKCS#12 with a password.
  const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
  const added = extensions.flatMap((extension) => ["-addext", extension]);
  const files = ["-keyout", at("export.key"), "-out", at("export.pem")];
  const request = [
    "req",
    "-x509",
    "-nodes",
    "-newkey",
    "rsa:2048",
    "-subj",
    "/DC=com/DC=corp/CN=Kubernetes CA",
  ];
  await runTool("openssl", [...request, "-days", "365", ...added, ...files]);
  await runTool("openssl", ["x509", "-in", at("export.pem"), "-outform", "der", "-out", at("ca_cert.cer")]);
  await writeFile(at("pfx-password"), "Exp0rt\n");
  const pair = [
    "-inkey",
    at("export.key"),
    "-in",
    at("export.pem"),
    "-passout",
    `file:${at("pfx-password")}`,
  ];
  await runTool("openssl", ["pkcs12", "-export", ...pair, "-out", at("ca.pfx")]);
  await rm(at("export.key"));
  return directory;
}

describeWithAcceptors("docs/guides/adcs.md", () => {
  describeWithRigs(CERT_MANAGER, "on a real kube-apiserver", () => {
    test("leads to certificates that openssl verifies, each submitted once", async () => {
      await using certsrv: Certsrv = await startCertsrv();
      await using kdc = await startKdc({
        realm: "CORP.EXAMPLE.COM",
        principals: [account, { name: service, options: ["-requires_preauth"] }],
      });
      await using acceptor = await startAcceptor({
        ...{ epa: "require", schemes: ["Negotiate"], backend: certsrv.backendUrl },
        kerberos: { keytab: await kdc.keytab(service), krb5Conf: kdc.krb5Conf },
      });
      await using controlPlane = await startControlPlane();
      const timing = { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" };
      await using _certManager = await startCertManager(controlPlane, timing);
      const directory = await readerFolder(controlPlane, kdc, acceptor);
      const env = {
        ...process.env,
        PATH: `${join(directory, "bin")}:${process.env.PATH}`,
        HOME: directory,
        KUBECONFIG: controlPlane.kubeconfigPath,
        ADCS_URL: `https://127.0.0.1:${acceptor.port}`,
        ADCS_REALM: "CORP.EXAMPLE.COM",
        ADCS_USER: account.name,
        ADCS_PASSWORD: account.password,
        ADCS_KDC: kdc.address,
        ADCS_SPN: service,
      };
      const programs: ServerProcess[] = [];
      const log = () => join(directory, `${programs.length}.log`);
      const start = async ({ text }: MarkdownBlock) => {
        const args = ["-c", `cd "$0" && exec ${text}`, directory];
        programs.push(await startServer({ name: "issuer", command: "/bin/sh", args, logPath: log(), env }));
      };
      const follow = async ({ text, line }: MarkdownBlock) => {
        try {
          const options = { cwd: directory, env, timeout: 120_000 };
          return (await promisify(execFile)("/bin/sh", ["-c", `set -eu\n${text}`], options)).stdout;
        } catch (error) {
          const { stdout, stderr } = error as { stdout: string; stderr: string };
          const tail = await logTail(join(directory, "0.log"));
          throw new Error(`line ${line} of guides/adcs.md\n${stdout}${stderr}\n${tail}`);
        }
      };
      try {
        let output = "";
        for (const block of await guideBlocks()) {
          if (block.language === "text") expect(output).toContain(block.text.trim());
          else if (block.language !== "sh" || block.marks.includes("by-hand")) continue;
          else if (block.marks.includes("run")) await start(block);
          else {
            if (block.marks.includes("approved")) {
              await expect.poll(() => certsrv.ca.row(8)?.disposition, { timeout: 30_000 }).toBe(5);
              await certsrv.ca.approve(8);
            }
            output = await follow(block);
          }
        }
        const chain = parseCertificates(await readFile(join(directory, "tls.crt"), "utf8"));
        expect(chain.map(({ subject }) => subject)).toEqual(["CN=service.example.com", "CN=Corp Issuing CA"]);
        expect(certsrv.ca.rows.map(({ disposition, requester }) => [disposition, requester])).toEqual([
          [3, `${account.name}@CORP.EXAMPLE.COM`],
          [3, `${account.name}@CORP.EXAMPLE.COM`],
        ]);
        const attempts = await acceptor.ledger();
        expect(attempts.every(({ outcome, bound }) => outcome === "accepted" && bound)).toBe(true);
      } finally {
        for (const program of programs) await program.stop();
        await rm(directory, { recursive: true, force: true });
      }
    }, 300_000);
  });
});

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseCertificate, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MarkdownBlock } from "../tools/markdown-blocks.ts";
import { type CertManager, startCertManager } from "./cert-manager.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { pageBlocks } from "./page-reader.ts";
import { describeWithPkcs11 } from "./pkcs11-tools.ts";
import { CERT_MANAGER, describeWithRigs } from "./rigs.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";
import { createSoftHsm, type SoftHsm } from "./softhsm.ts";

const ROOT = join(import.meta.dirname, "../..");
const marks = new Set(["run", "by-hand"]);

test("the pages about HSMs mark their blocks with words that this test knows", async () => {
  for (const page of ["guides/hsm.md", "runbooks/hsm.md"])
    expect(
      (await pageBlocks(page)).flatMap((block) => block.marks).filter((mark) => !marks.has(mark)),
    ).toEqual([]);
});

describeWithPkcs11("docs/guides/hsm.md", () => {
  describeWithRigs(CERT_MANAGER, "on kube-apiserver and cert-manager", () => {
    let directory: string;
    let hsm: SoftHsm;
    let controlPlane: ControlPlane;
    let certManager: CertManager;
    let program: ServerProcess | undefined;
    let env: NodeJS.ProcessEnv;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "countersign-hsm-guide-"));
      hsm = await createSoftHsm();
      controlPlane = await startControlPlane();
      certManager = await startCertManager(controlPlane, {
        autoApprove: true,
        minBackoff: "1s",
        maxBackoff: "2s",
      });
      const bin = join(directory, "bin");
      await mkdir(bin);
      await symlink(controlPlane.kubectlPath, join(bin, "kubectl"));
      for (const folder of ["examples", "packages"])
        await symlink(join(ROOT, folder), join(directory, folder));
      env = {
        ...process.env,
        ...hsm.env,
        PATH: `${bin}:${process.env.PATH}`,
        KUBECONFIG: controlPlane.kubeconfigPath,
        COUNTERSIGN_HSM_MODULE: hsm.modulePath,
      };
    });
    afterAll(async () => {
      await program?.stop();
      await certManager?.[Symbol.asyncDispose]();
      await controlPlane?.stop();
      await hsm?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    const file = (name: string) => readFile(join(directory, name), "utf8");

    async function follow(script: string, where = script): Promise<string> {
      try {
        const run = promisify(execFile)("/bin/sh", ["-c", `set -eu\n${script}`], {
          cwd: directory,
          env,
          timeout: 120_000,
        });
        return (await run).stdout;
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${where}\n${stdout}${stderr}\n${await logTail(join(directory, "program.log"))}`);
      }
    }

    async function start({ text }: MarkdownBlock): Promise<void> {
      await program?.stop();
      const args = ["-c", `cd "$0" && exec ${text}`, directory];
      program = await startServer({
        name: "issuer",
        command: "/bin/sh",
        args,
        logPath: join(directory, "program.log"),
        env,
      });
    }

    const message = () =>
      follow("kubectl get hsmclusterissuer/issuing-ca --output 'jsonpath={.status.conditions[0].message}'");
    const ready = () =>
      follow("kubectl wait hsmclusterissuer/issuing-ca --for=condition=Ready --timeout=90s");

    test("leads from an empty token to a certificate and a revocation list that openssl verifies", async () => {
      let output = "";
      for (const block of await pageBlocks("guides/hsm.md")) {
        if (block.language === "text") expect(output).toContain(block.text);
        else if (block.marks.includes("run")) await start(block);
        else if (block.language === "sh" && block.marks.length === 0)
          output = await follow(block.text, `line ${block.line} of guides/hsm.md`);
      }
      expect(output).toBe("revoked\n");
      const chain = parseCertificates(await file("tls.crt"));
      expect(chain.map(({ subject }) => subject)).toEqual([
        "CN=web.example.com",
        "CN=Example Issuing CA,O=Example,C=DE",
      ]);
      expect(parseCertificate(await file("ca.crt")).pem).toBe(await file("root.crt"));
    }, 300_000);

    const patch = (spec: object) =>
      `kubectl patch hsmclusterissuer/issuing-ca --type merge --patch '${JSON.stringify({ spec })}'`;
    const secret = (pin: string) =>
      `kubectl patch secret/hsm-pin --patch '${JSON.stringify({ stringData: { pin } })}'`;
    const ca = (name: string) =>
      `kubectl create configmap hsm-ca --from-file=ca.crt=${name} --dry-run=client --output yaml | kubectl apply --filename -`;

    test.each<[string, string, string | undefined]>([
      ["The PIN is refused", secret("wrong"), undefined],
      ["No token is there", patch({ sessions: 5 }), undefined],
      ["The key is not the certificate's", ca("root.crt"), ca("chain.crt")],
      [
        "Several keys match",
        ["a2", "a3"]
          .map(
            (id) =>
              `softhsm2-util --import copy.pem --token issuing --label copy-${id} --id ${id} --pin 314159`,
          )
          .concat(ca("copy.crt"))
          .join("\n"),
        ca("chain.crt"),
      ],
      [
        "The module is not allowed, or does not load",
        patch({ tokens: [{ label: "issuing", modulePath: "/tmp/evil.so" }] }),
        patch({ tokens: [{ label: "issuing" }] }),
      ],
    ])(
      "docs/runbooks/hsm.md, %s: has the message, and the way out",
      async (section, breakIt, mendIt) => {
        const blocks = (await pageBlocks("runbooks/hsm.md")).filter((block) => block.section === section);
        const shown = blocks.find(({ language }) => language === "text")?.text.trim() ?? "no message";
        if (section === "Several keys match") await copies();
        // The issuer sees it at its next check, which the changed spec of this case brings on.
        const bringBack = section === "No token is there" ? await hsm.takeAway() : undefined;
        await follow(breakIt);
        await expect.poll(message, { timeout: 60_000, interval: 500 }).toContain(shown);
        for (const { language, text, marks: words } of blocks)
          if (language === "sh" && words.length === 0) await follow(text);
        await bringBack?.();
        if (mendIt !== undefined) await follow(mendIt);
        await ready();
      },
      200_000,
    );

    /** Two copies of one key of another CA, and a certificate of it. */
    async function copies(): Promise<void> {
      await follow(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out copy.pem && " +
          "openssl req -x509 -key copy.pem -subj /CN=Copy -days 1 -out copy.crt -addext keyUsage=critical,keyCertSign",
      );
    }
  });
});

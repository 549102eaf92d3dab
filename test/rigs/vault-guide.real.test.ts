import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCertificate, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageBlocks } from "./page-reader.ts";
import { CERT_MANAGER, describeWithRigs, VAULT } from "./rigs.ts";
import { type GuideReader, guideReader } from "./vault-guide.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { runbookCases } from "./vault-runbook-cases.ts";

/** The ways through the page that end with a certificate in the cluster, each with the marks of its blocks. */
const variants: Readonly<Record<string, readonly string[]>> = Object.freeze({
  root: ["root"],
  intermediate: ["intermediate", "files"],
});
const marks = new Set([...Object.values(variants).flat(), "hsm", "run", "by-hand", "external-key"]);

/** The CA that the page takes for granted where it has Vault's intermediate signed. */
const OWN_CA = `openssl req -x509 -newkey rsa:2048 -nodes -keyout root-ca.key -out root-ca.pem -days 3650 \\
  -subj '/CN=Corporate Root' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign`;

test("the guide marks its blocks with words that this test knows", async () => {
  const blocks = await pageBlocks("guides/vault.md");
  expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
  expect(blocks.filter(({ language }) => language === "sh").length).toBeGreaterThan(15);
});

for (const flavour of VAULT_FLAVOURS)
  for (const [variant, accepted] of Object.entries(variants))
    describeWithRigs(
      [...CERT_MANAGER, ...VAULT[flavour]],
      `docs/guides/vault.md: ${flavour}, ${variant}`,
      () => {
        let reader: GuideReader;
        beforeAll(async () => {
          reader = await guideReader(flavour);
        });
        afterAll(() => reader?.[Symbol.asyncDispose]());

        test("leads to a certificate that openssl verifies, and that Vault has in its list", async () => {
          const blocks = await pageBlocks("guides/vault.md");
          expect(await reader.shell.run(OWN_CA)).toMatchObject({ code: 0 });
          let output = "";
          for (const block of blocks) {
            if (block.language === "text") expect(output).toBe(block.text);
            else if (block.marks.includes("run")) await reader.start(block);
            else if (block.marks.every((mark) => accepted.includes(mark)))
              output = await reader.follow(block);
          }

          const file = (name: string) => readFile(join(reader.shell.directory, name), "utf8");
          const chain = parseCertificates(await file("tls.crt"));
          const [leaf] = chain;
          expect(chain.map(({ subject }) => subject)).toEqual(
            variant === "root"
              ? ["CN=service.example.com"]
              : ["CN=service.example.com", "CN=Vault Issuing CA"],
          );
          const ca = parseCertificate(await file("ca.crt"));
          expect(ca.subject).toBe(variant === "root" ? "CN=Internal Root CA" : "CN=Corporate Root");
          if (variant === "intermediate") expect(ca.pem.trim()).toBe((await file("root-ca.pem")).trim());
          const { body } = await reader.vault.request("LIST", "pki/certs");
          expect(String(body.data?.keys).replaceAll(":", "")).toContain(leaf?.serialHex ?? "no leaf");
        });

        if (variant === "root") runbookCases(() => reader);
      },
    );

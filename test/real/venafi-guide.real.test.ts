import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCertificate, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectl } from "../rigs/control-plane.ts";
import { CERT_MANAGER, describeWithRigs } from "../rigs/rigs.ts";
import { pageBlocks, type VenafiReader, venafiReader } from "./venafi-reader.ts";
import { troubles } from "./venafi-troubles.ts";

const guide = "guides/venafi.md";
const runbook = "runbooks/venafi.md";
const marks = new Set(["by-hand", "run", "saas"]);

test.each([guide, runbook])("%s marks its blocks with words that this test knows", async (page) => {
  const blocks = await pageBlocks(page);
  expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
  expect(blocks.filter(({ language }) => language === "sh").length).toBeGreaterThan(3);
});

test("each section of the runbook with a message is brought about", async () => {
  const told = (await pageBlocks(runbook)).filter(({ language }) => language === "text");
  expect([...new Set(told.map(({ section }) => section))]).toEqual(troubles.map(({ section }) => section));
});

describeWithRigs(CERT_MANAGER, "docs/guides/venafi.md and its runbook, at the simulators", () => {
  let reader: VenafiReader;
  beforeAll(async () => {
    reader = await venafiReader();
  });
  afterAll(() => reader?.[Symbol.asyncDispose]());

  test("the guide leads to a certificate of TPP that openssl verifies, and to one of the SaaS", async () => {
    let output = "";
    const verified: string[] = [];
    for (const block of await pageBlocks(guide)) {
      if (block.language === "text") verified.push(block.text, output);
      else if (block.language !== "sh" || block.marks.includes("by-hand")) continue;
      else if (block.marks.includes("run")) await reader.start(block);
      else output = await reader.run(block.text);
    }
    expect(verified).toEqual(["tls.crt: OK\n", "tls.crt: OK\n"]);
    const file = (name: string) => readFile(join(reader.directory, name), "utf8");
    const [leaf] = parseCertificates(await file("tls.crt"));
    expect(parseCertificate(await file("ca.crt")).pem.trim()).toBe(
      parseCertificate(reader.tpp.rootPem).pem.trim(),
    );
    const issued = reader.tpp.ledger.entries.flatMap((entry) =>
      entry.kind === "certificate" ? [entry.serial] : [],
    );
    expect(issued).toEqual([leaf?.serialHex]);
    expect(reader.cloud.ledger.entries.map(({ kind }) => kind)).toContain("certificate");
  });

  test("the runbook's first look shows the issuer ready", async () => {
    const [first] = await blocksOf("Where to look", "sh");
    expect(await reader.run(first ?? "")).toMatch(/venafi +True/);
  });

  test.each(troubles)(
    "runbook: $section",
    async ({ section, bring, byHand, issuer = "venafi" }) => {
      await bring(reader);
      const name = section.toLowerCase().replaceAll(" ", "-");
      await order(name, issuer);
      const missing = new Set((await blocksOf(section, "text")).map((text) => text.trim()));
      await expect
        .poll(
          async () => {
            const said = await conditions();
            for (const text of missing)
              if (said.some((message) => message.includes(text))) missing.delete(text);
            return [...missing];
          },
          { timeout: 200_000, interval: 300 },
        )
        .toEqual([]);
      for (const script of await blocksOf(section, "sh")) await reader.run(script);
      await byHand?.(reader);
      await reader.run(
        `kubectl wait certificate/${name} --namespace default --for=condition=Ready --timeout=110s`,
      );
    },
    330_000,
  );

  async function order(name: string, issuer: string): Promise<void> {
    const certificate = {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name, namespace: "default" },
      spec: {
        secretName: name,
        commonName: `${name}.example.com`,
        ...(name.includes("policy") ? { subject: { organizations: ["Other"] } } : {}),
        issuerRef: { group: "venafi.countersign.dev", kind: "VenafiIssuer", name: issuer },
      },
    };
    await reader.run(`kubectl apply --filename - <<'EOF'\n${JSON.stringify(certificate)}\nEOF`);
  }

  /** What issuers and requests say now. */
  async function conditions(): Promise<readonly string[]> {
    const kinds = ["venafiissuers", "certificaterequests"];
    const texts = await Promise.all(
      kinds.map((kind) => kubectl(reader.controlPlane, "get", kind, "--namespace=default", "--output=json")),
    );
    const items = texts.flatMap(
      (text) => (JSON.parse(text) as { readonly items: readonly Conditioned[] }).items,
    );
    return items.flatMap(({ status }) => (status?.conditions ?? []).map(({ message = "" }) => message));
  }
});

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly message?: string }[] };
}

async function blocksOf(section: string, language: string): Promise<readonly string[]> {
  return (await pageBlocks(runbook))
    .filter((block) => block.section === section && block.language === language)
    .filter(({ marks }) => !marks.includes("by-hand"))
    .map(({ text }) => text);
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseCertificate, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EjbcaReader, ejbcaReader, enrollmentCode } from "./ejbca-guide.ts";
import { ejbcaRunbookCases } from "./ejbca-runbook-cases.ts";
import { pageBlocks } from "./page-reader.ts";
import { CERT_MANAGER, describeWithRigs } from "./rigs.ts";

const marks = new Set(["run", "by-hand", "existing"]);

test("the pages about EJBCA mark their blocks with words that this test knows", async () => {
  for (const page of ["guides/ejbca.md", "runbooks/ejbca.md"]) {
    const blocks = await pageBlocks(page);
    expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
  }
});

describeWithRigs(CERT_MANAGER, "docs/guides/ejbca.md, with the EJBCA simulator", () => {
  let reader: EjbcaReader;
  beforeAll(async () => {
    reader = await ejbcaReader();
  });
  afterAll(() => reader?.[Symbol.asyncDispose]());

  test("leads to certificates that openssl verifies and that EJBCA has issued, by each way of the page", async () => {
    let output = "";
    for (const block of await pageBlocks("guides/ejbca.md")) {
      if (block.marks.includes("existing"))
        reader.ejbca.endEntities.add({
          ...{ username: "payments", password: enrollmentCode, endEntityProfile: "LabEEP-OneCA" },
          ...{ subjectDn: "CN=payments.example.com", dnsNames: ["payments.example.com"] },
        });
      if (block.language === "text") expect(output).toBe(block.text);
      else if (block.marks.includes("run")) await reader.start(block);
      else if (block.language === "sh" && !block.marks.includes("by-hand"))
        output = await reader.follow(block);
    }

    const file = (name: string) => readFile(join(reader.shell.directory, name), "utf8");
    const chain = parseCertificates(await file("tls.crt"));
    expect(chain.map(({ commonName }) => commonName)).toEqual(["service.example.com", "LabIssuingCA"]);
    expect(parseCertificate(await file("ca.crt")).commonName).toBe("LabRootCA");
    const issued = reader.ejbca.ledger.entries.map(({ username, route }) => [username, route]);
    expect(issued).toEqual([
      ["default.service", "pkcs10enroll"],
      ["payments", "certificaterequest"],
    ]);
    expect(reader.ejbca.defects).toEqual([]);
  });

  ejbcaRunbookCases(() => reader);
});

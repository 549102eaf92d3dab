import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import type { MarkdownBlock } from "../tools/markdown-blocks.ts";
import { callEjbca } from "./ejbca/call-ejbca.ts";
import type { Ejbca } from "./ejbca/start-ejbca.ts";
import { type EjbcaReader, enrollmentCode } from "./ejbca-guide.ts";
import { applyObject, conditionMessages, pageBlocks, runScript, sectionBlocks } from "./page-reader.ts";

const page = "runbooks/ejbca.md";
const createCertificate = "/ca_functionality/create_certificate/";

/** One trouble of the runbook: the section that treats it, how to bring it about, and what the page leaves to hands. */
interface Trouble {
  readonly section: string;
  readonly bring: (reader: EjbcaReader) => unknown;
  /** Before the page's own commands. */
  readonly repair?: (reader: EjbcaReader) => unknown;
  readonly issuer?: string;
  /** Names of the Certificate; one for the section unless given. */
  readonly host?: string;
}

function patch(field: string, value: (ejbca: Ejbca) => string) {
  return (reader: EjbcaReader) => {
    const spec = JSON.stringify({ spec: { ejbca: { [field]: value(reader.ejbca) } } });
    return runScript(
      reader,
      `kubectl patch ejbcaissuer/ejbca --namespace default --type merge --patch '${spec}'`,
    );
  };
}

/** Runs the issuer anew, so that it logs in. */
async function restart(reader: EjbcaReader): Promise<void> {
  const block = (await pageBlocks("guides/ejbca.md")).find(({ marks }) => marks.includes("run"));
  if (block === undefined) throw new Error("the guide starts no issuer");
  await reader.start(block);
}

function approvals(needsApproval: boolean) {
  return ({ ejbca }: EjbcaReader) => {
    const profile = ejbca.certificateProfiles.get("LabTLS");
    if (profile === undefined) throw new Error("no such profile");
    ejbca.certificateProfiles.set("LabTLS", { ...profile, needsApproval });
  };
}

const protocols: string[] = [];
const sameSubject = "same-subject.example.com";

const troubles: readonly Trouble[] = [
  {
    section: "The role was changed",
    bring: ({ ejbca }) => ejbca.role("issuer").rules.delete(createCertificate),
    repair: ({ ejbca }) => ejbca.role("issuer").rules.add(createCertificate),
  },
  {
    section: "The identity is in no role",
    bring: ({ ejbca }) => ejbca.role("issuer").members.delete("CN=issuer"),
    repair: ({ ejbca }) => ejbca.role("issuer").members.add("CN=issuer"),
  },
  {
    section: "The CA is offline",
    bring: ({ ejbca }) => Object.assign(ejbca.authority("LabIssuingCA"), { offline: true }),
    repair: ({ ejbca }) => Object.assign(ejbca.authority("LabIssuingCA"), { offline: false }),
  },
  {
    section: "The crypto token is off",
    bring: ({ ejbca }) => Object.assign(ejbca.authority("LabIssuingCA"), { tokenOffline: true }),
    repair: ({ ejbca }) => Object.assign(ejbca.authority("LabIssuingCA"), { tokenOffline: false }),
  },
  { section: "A profile is not found", bring: patch("endEntityProfileName", () => "Renamed") },
  {
    section: "The protocol is disabled",
    bring: ({ ejbca }) => {
      protocols.push(...ejbca.protocols);
      ejbca.protocols.clear();
    },
    repair: ({ ejbca }) => {
      for (const name of protocols) ejbca.protocols.add(name);
    },
  },
  { section: "A proxy ends TLS", bring: patch("url", ({ proxyUrl }) => new URL(proxyUrl).origin) },
  {
    section: "The client certificate was revoked",
    bring: ({ ejbca }) => ejbca.revokedAdmins.add(ejbca.clients.issuer.serial),
    repair: ({ ejbca, storeClient }) => storeClient(ejbca.newClient("issuer")),
  },
  { section: "The CA wants approvals", bring: approvals(true), repair: approvals(false) },
  {
    section: "Another end entity has the subject",
    host: sameSubject,
    bring: async ({ ejbca }) => {
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const body = {
        certificate_request: await buildCsr({ key, commonName: sameSubject, dnsNames: [sameSubject] }),
        ...{ certificate_authority_name: "LabIssuingCA", certificate_profile_name: "LabTLS" },
        ...{ end_entity_profile_name: "LabEEP-OneCA", username: "somebody-else", include_chain: true },
      };
      const client = ejbca.clients.superadmin;
      const { status } = await callEjbca(ejbca, { path: "/v1/certificate/pkcs10enroll", client, body });
      expect(status).toBe(201);
    },
    repair: ({ ejbca }) => Object.assign(ejbca.authority("LabIssuingCA"), { uniqueDn: false }),
  },
  {
    section: "An existing end entity is used up",
    ...{ issuer: "payments", host: "payments.example.com" },
    bring: ({ ejbca }) => expect(ejbca.endEntities.get("payments")?.status).toBe("GENERATED"),
    repair: ({ ejbca }) =>
      Object.assign(ejbca.endEntities.get("payments") ?? {}, { status: "NEW", password: enrollmentCode }),
  },
  {
    section: "A token has expired",
    issuer: "ejbca-oauth",
    bring: async (reader) => {
      reader.ejbca.oauth.expiresInSeconds = -60;
      await restart(reader);
    },
    repair: ({ ejbca }) => {
      ejbca.oauth.expiresInSeconds = 300;
    },
  },
];

/** Tests of `docs/runbooks/ejbca.md`, on what the guide has set up. */
export function ejbcaRunbookCases(reader: () => EjbcaReader): void {
  test("the runbook's first look shows the issuer ready, and its CA", async () => {
    const [first, list] = await sectionBlocks(page, "Where to look", "sh");
    expect(await reader().follow(first as MarkdownBlock)).toMatch(/\bejbca +True/);
    expect(await reader().follow(list as MarkdownBlock)).toMatch(/"LabIssuingCA".*\n200/s);
  });

  test.each(troubles)(
    "runbook: $section",
    async ({ section, bring, repair, issuer = "ejbca", host }) => {
      await bring(reader());
      const certificate = section.toLowerCase().replaceAll(" ", "-");
      const name = host ?? `${certificate}.example.com`;
      await applyObject(reader(), {
        ...{ apiVersion: "cert-manager.io/v1", kind: "Certificate" },
        metadata: { name: certificate, namespace: "default" },
        spec: {
          ...{ secretName: certificate, commonName: name, dnsNames: [name] },
          issuerRef: { group: "ejbca.countersign.dev", kind: "EJBCAIssuer", name: issuer },
        },
      });
      const [message] = await sectionBlocks(page, section, "text");
      const said = expect.stringContaining(message?.text.trim() ?? "no message");
      await expect
        .poll(() => conditionMessages(reader(), { certificate, issuers: "ejbcaissuers", issuer }), {
          ...{ timeout: 60_000, interval: 300 },
        })
        .toEqual(expect.arrayContaining([said]));

      await repair?.(reader());
      for (const block of await sectionBlocks(page, section, "sh")) await reader().follow(block);
      await runScript(
        reader(),
        `kubectl wait certificate/${certificate} --namespace default --for=condition=Ready --timeout=115s`,
      );
    },
    200_000,
  );

  test("each section with a message is tested", async () => {
    const blocks = await pageBlocks(page);
    const told = blocks.filter(({ language }) => language === "text").map(({ section }) => section);
    expect(told).toEqual(troubles.map(({ section }) => section));
  });
}

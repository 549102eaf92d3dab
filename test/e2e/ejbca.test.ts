import { setTimeout as delay } from "node:timers/promises";
import { buildCsr, newPrivateKey, parseCertificates } from "@countersign/issuer-core";
import { badCertificates } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { findCondition } from "./conditions.ts";
import { eventually } from "./eventually.ts";
import { type EjbcaScene, startEjbcaScene } from "./fixtures/ejbca-scene.ts";
import { startIssuerProgram } from "./fixtures/issuer-program.ts";
import { opensslVerdict } from "./fixtures/openssl-verdict.ts";
import { requestEvents } from "./request-events.ts";
import { certificateRequests } from "./resources.ts";

const text = (base64 = "") => Buffer.from(base64, "base64").toString();

async function issuedPem(scene: EjbcaScene, name: string, timeout?: number) {
  const { status } = await scene.until(name, "Issued", timeout);
  return { chain: text(status?.certificate), ca: text(status?.ca) };
}

describe("an issuer for EJBCA on the embedded API", () => {
  test("issues what OpenSSL verifies, with the names that were asked for", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.issuerReady("True");
    await scene.request("web", { csr: await csrFor("web") });
    const { chain, ca } = await issuedPem(scene, "web");
    await opensslVerdict({ chain, ca });
    const [leaf] = parseCertificates(chain);
    expect(leaf?.names.dns).toEqual(["web.example.com"]);
    expect(await requestEvents(scene.kube, scene.namespace, "web")).not.toContainEqual(
      expect.objectContaining({ type: "Warning" }),
    );
  });

  test("warns of a lifetime that the server cannot be asked for, with an event and a condition", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.request("short", { csr: await csrFor("short"), spec: { duration: "24h" } });
    const request = await scene.until("short", "Issued");
    expect(findCondition(request, "EJBCAPolicyApplied")).toMatchObject({
      ...{ status: "True", reason: "LifetimeDiffers" },
      message: expect.stringContaining("EJBCA 8.2.0.1 issued for 2160 h, not for 24 h"),
    });
    await expect
      .poll(() => requestEvents(scene.kube, scene.namespace, "short"), { timeout: 5_000 })
      .toContainEqual(expect.objectContaining({ type: "Warning", reason: "CertificateDiffers" }));
  });

  test("a refusal fails the request with what to change; the next one is issued", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    await scene.request("many", {
      csr: await buildCsr({ key, dnsNames: Array.from({ length: 9 }, (_, at) => `${at}.example.com`) }),
    });
    const failed = await scene.until("many", "Failed");
    expect(findCondition(failed, "Ready")?.message).toContain("so many fields DNSNAME");
    expect(failed.status?.failureTime).toBeDefined();
    await scene.request("web");
    await scene.until("web", "Issued");
  });

  test("a role that was narrowed holds requests up, and fails none", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.issuerReady("True");
    const { rules } = scene.ejbca.role("issuer");
    rules.delete("/ca/LabIssuingCA/");
    await scene.request("waits");
    const notReady = await scene.issuerReady("False");
    expect(notReady?.message).toMatch(/role/);
    rules.add("/ca/LabIssuingCA/");
    await issuedPem(scene, "waits", 30_000);
    expect((await scene.get("waits"))?.status?.failureTime).toBeUndefined();
  });

  test("killed between enrolment and write, it finds the certificate: no second one, nothing reported", async (context) => {
    await using scene = await startEjbcaScene();
    const argv = ["--kubeconfig", await scene.kubeconfig(), "--no-leader-elect"];
    const first = startIssuerProgram(context, "ejbca/src/main.ts", argv);
    await scene.issuerReady("True");
    await scene.request("before");
    await scene.until("before", "Issued");
    const names = Array.from({ length: 12 }, (_, at) => `crash-${at}`);
    // The record of an attempt is written before its call, and the result cannot be written after it.
    scene.ejbca.faults.add({
      ...{ route: "pkcs10enroll", times: names.length, action: { kind: "delay", ms: 3_000 } },
    });
    for (const name of names) await scene.request(name);
    await expect.poll(() => enrolments(scene), { timeout: 10_000, interval: 5 }).toBe(1 + names.length);
    const blocked = scene.cluster.api.faults.add({
      ...{ verb: "patch", resource: "certificaterequests", subresource: "status" },
      action: { type: "reset" },
    });
    await expect.poll(() => scene.ejbca.ledger.entries.length, { timeout: 10_000 }).toBe(1 + names.length);
    await first.stop("SIGKILL");
    blocked.remove();
    expect(await issuedCount(scene, names)).toBe(0);
    const second = startIssuerProgram(context, "ejbca/src/main.ts", argv);
    for (const name of names) await scene.until(name, "Issued");
    expect((await second.stop("SIGTERM")).code).toBe(0);
    expect(scene.ejbca.ledger.entries).toHaveLength(1 + names.length);
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
    expect(second.lines.filter(({ msg }) => msg.includes("may have issued a certificate"))).toEqual([]);
    await context.annotate(
      `${names.length} certificates issued before the kill, ${names.length} found after it`,
    );
  });

  test("killed where it may not look, it reports every certificate that may be extra", async (context) => {
    await using scene = await startEjbcaScene();
    const argv = ["--kubeconfig", await scene.kubeconfig(), "--no-leader-elect"];
    const first = startIssuerProgram(context, "ejbca/src/main.ts", argv);
    await scene.issuerReady("True");
    scene.ejbca.role("issuer").rules.delete("/endentityprofilesrules/LabEEP-OneCA/view_end_entity/");
    scene.ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "delay", ms: 1_500 } });
    await scene.request("blind");
    await expect.poll(() => enrolments(scene), { timeout: 10_000, interval: 5 }).toBe(1);
    scene.cluster.api.faults.add({
      ...{ verb: "patch", resource: "certificaterequests", subresource: "status" },
      action: { type: "reset" },
    });
    await expect.poll(() => scene.ejbca.ledger.entries.length, { timeout: 10_000 }).toBe(1);
    await first.stop("SIGKILL");
    scene.cluster.api.faults.clear();
    startIssuerProgram(context, "ejbca/src/main.ts", argv);
    await scene.until("blind", "Issued");
    expect(scene.ejbca.ledger.duplicates()).toHaveLength(1);
    await expect
      .poll(() => requestEvents(scene.kube, scene.namespace, "blind"), { timeout: 5_000 })
      .toContainEqual(
        expect.objectContaining({
          reason: "PossibleDuplicate",
          note: expect.stringContaining("view_end_entity"),
        }),
      );
  });

  test("lost answers are recovered while it runs: one certificate for each request", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.request("before");
    await scene.until("before", "Issued");
    const names = ["lost-0", "lost-1", "lost-2"];
    for (const name of names) {
      const fault = scene.ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "lose" } });
      await scene.request(name);
      await scene.until(name, "Issued");
      expect(fault.hits).toBe(1);
    }
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
    expect(scene.ejbca.ledger.entries).toHaveLength(1 + names.length);
  });

  test("no certificate of the bad kinds reaches a status", async (context) => {
    await using scene = await startEjbcaScene();
    const kinds = Object.entries(badCertificates);
    expect(kinds.length).toBeGreaterThanOrEqual(40);
    await scene.configure({ endEntityName: "{namespace}.{name}" });
    await scene.serve();
    await scene.issuerReady("True");
    await Promise.all(
      kinds.map(async ([kind, make], at) => {
        const name = `bad-${at}`;
        const fault = scene.ejbca.faults.add({
          ...{ route: "pkcs10enroll", username: `team.${name}`, action: { kind: "badCertificate", make } },
        });
        await scene.request(name, { csr: await csrFor(name) });
        // What the PKI really issued is found afterwards, so that each request ends with a good certificate.
        const { chain } = await issuedPem(scene, name, 60_000);
        expect({ kind, hits: fault.hits }).toEqual({ kind, hits: 1 });
        const mine = scene.ejbca.ledger.entries.filter(({ username }) => username === `team.${name}`);
        expect({
          kind,
          pem: mine.map(({ certificatePem }) => parseCertificates(certificatePem)[0]?.pem),
        }).toEqual({
          kind,
          pem: [parseCertificates(chain)[0]?.pem],
        });
        await opensslVerdict({ chain, ca: scene.ejbca.chains.LabIssuingCA ?? "" });
      }),
    );
    await context.annotate(`${kinds.length} kinds, 0 in a status`);
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
  }, 120_000);

  test("a client certificate that is rotated under load fails no request", async (context) => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.issuerReady("True");
    const names: string[] = [];
    let running = true;
    const load = (async () => {
      while (running) {
        const name = `load-${names.length}`;
        names.push(name);
        await scene.request(name);
        await delay(20);
      }
    })();
    const used: number[] = [];
    let old = scene.ejbca.clients.issuer;
    // Two subjects in turn, so that the ledger tells which certificate a call came with.
    for (const subject of ["superadmin", "issuer", "superadmin", "issuer"] as const) {
      await delay(300);
      const client = scene.ejbca.newClient(subject);
      const stored = performance.now();
      await scene.storeClient(client);
      await eventually(
        { timeout: 5_000, interval: 5 },
        "a call with the new certificate",
        async () => scene.ejbca.ledger.entries.at(-1)?.admin,
        (admin) => admin?.startsWith(`CN=${subject},`) === true,
      );
      used.push(Math.round(performance.now() - stored));
      await delay(300);
      scene.ejbca.revokedAdmins.add(old.serial);
      old = client;
    }
    running = false;
    await load;
    for (const name of names) await scene.until(name, "Issued");
    const failed = (await scene.kube.list<never>(certificateRequests, scene.namespace)).filter(
      ({ status }: { status?: { failureTime?: string } }) => status?.failureTime !== undefined,
    );
    expect(failed).toEqual([]);
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
    await context.annotate(`${names.length} requests, 0 failed; in use after ${used.join(", ")} ms`);
  });

  test("another node issues while one is down, and both do when it is back", async () => {
    await using scene = await startEjbcaScene({ nodes: 2 });
    await scene.serve();
    await scene.issuerReady("True");
    const [one] = scene.ejbca.nodes;
    await one?.down();
    for (const name of ["down-0", "down-1", "down-2"]) {
      await scene.request(name);
      await scene.until(name, "Issued");
    }
    await one?.up();
    await scene.ejbca.nodes[1]?.down();
    await scene.request("back");
    await scene.until("back", "Issued", 45_000);
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
  }, 60_000);

  test("a deleted request ends its call, and nothing is written", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.issuerReady("True");
    scene.ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "delay", ms: 1_000 } });
    await scene.request("gone");
    await expect.poll(() => enrolments(scene), { timeout: 10_000 }).toBe(1);
    await scene.kube.delete(certificateRequests, { namespace: scene.namespace, name: "gone" });
    await scene.request("next");
    await scene.until("next", "Issued");
    expect(await scene.get("gone")).toBeUndefined();
  });

  test("the crypto token is off for a while: the requests wait, and are issued when it is on", async () => {
    await using scene = await startEjbcaScene();
    await scene.serve();
    await scene.issuerReady("True");
    scene.ejbca.authority("LabIssuingCA").tokenOffline = true;
    await scene.request("token");
    const pending = await scene.until("token", "Pending");
    await eventually(
      { timeout: 10_000, interval: 50 },
      "the reason in the condition",
      async () => findCondition(await scene.get("token"), "Ready")?.message,
      (message) => message?.includes("crypto token is off") === true,
    );
    expect(pending.status?.failureTime).toBeUndefined();
    scene.ejbca.authority("LabIssuingCA").tokenOffline = false;
    await scene.until("token", "Issued", 30_000);
  }, 45_000);
});

/** With a subject: without one EJBCA's certificates have names that are not critical, which OpenSSL refuses when strict. */
function csrFor(name: string): Promise<string> {
  const host = `${name}.example.com`;
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  return buildCsr({ key, commonName: host, dnsNames: [host] });
}

/** How many enrolments the simulator was asked for. */
function enrolments({ ejbca }: EjbcaScene): number {
  return ejbca.requests.filter(({ path }) => path.endsWith("pkcs10enroll")).length;
}

async function issuedCount(scene: EjbcaScene, names: readonly string[]): Promise<number> {
  const all = await Promise.all(names.map((name) => scene.get(name)));
  return all.filter((request) => findCondition(request, "Ready")?.reason === "Issued").length;
}

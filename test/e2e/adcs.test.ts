import { setTimeout as delay } from "node:timers/promises";
import { parseCertificates } from "@countersign/issuer-core";
import { badCertificates } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { findCondition } from "./conditions.ts";
import { type AdcsScene, startAdcsScene } from "./fixtures/adcs-scene.ts";
import { startIssuerProgram } from "./fixtures/issuer-program.ts";
import { opensslVerdict } from "./fixtures/openssl-verdict.ts";
import { requestEvents } from "./request-events.ts";

const text = (base64 = "") => Buffer.from(base64, "base64").toString();

async function issuedPem(scene: AdcsScene, name: string, timeout?: number) {
  const { status } = await scene.until(name, "Issued", timeout);
  return { chain: text(status?.certificate), ca: text(status?.ca) };
}

describe("an issuer for AD CS on the embedded API", () => {
  test("issues what OpenSSL verifies, with the generation of the CA that signed", async () => {
    await using scene = await startAdcsScene({ language: "fr" });
    await scene.certsrv.ca.renew({ newKey: true });
    await scene.serve();
    await scene.issuerReady("True");
    await scene.request("web");
    const { chain, ca } = await issuedPem(scene, "web");
    await opensslVerdict({ chain, ca });
    expect(parseCertificates(chain)[1]?.sha256Hex).toBe(
      scene.certsrv.ca.generations[1]?.certificate.sha256Hex,
    );
    expect(ca).toBe(scene.certsrv.rootPem);
    expect(await scene.rowsOf("web")).toHaveLength(1);
  });

  test("pending for three polls with a kill in between: the same id, one row at the CA, no duplicate reported", async (context) => {
    await using scene = await startAdcsScene();
    await scene.configure({ template: "WebServerApproval" });
    const argv = ["--kubeconfig", await scene.kubeconfig(), "--no-leader-elect"];
    const first = startIssuerProgram(context, "adcs/src/main.ts", argv);
    await scene.issuerReady("True");
    await scene.request("waits");
    const looks = () => scene.polled().filter((id) => id === "7").length;
    await expect.poll(looks, { timeout: 10_000, interval: 5 }).toBeGreaterThanOrEqual(1);
    await first.stop("SIGKILL");
    const before = looks();
    const pending = await scene.get("waits");
    expect(findCondition(pending, "Ready")).toMatchObject({ reason: "Pending" });
    const second = startIssuerProgram(context, "adcs/src/main.ts", argv);
    await expect.poll(looks, { timeout: 15_000, interval: 5 }).toBeGreaterThanOrEqual(before + 3);
    await scene.certsrv.ca.approve(7);
    const { chain, ca } = await issuedPem(scene, "waits");
    await opensslVerdict({ chain, ca });
    expect(await scene.rowsOf("waits")).toMatchObject([{ id: 7 }]);
    expect(scene.certsrv.ca.rows).toHaveLength(1);
    expect((await second.stop("SIGTERM")).code).toBe(0);
    expect(second.lines.filter(({ msg }) => msg.includes("may have issued a certificate"))).toEqual([]);
  }, 60_000);

  test("killed between submission and record, it reports the certificate that may be extra", async (context) => {
    await using scene = await startAdcsScene();
    const argv = ["--kubeconfig", await scene.kubeconfig(), "--no-leader-elect"];
    const first = startIssuerProgram(context, "adcs/src/main.ts", argv);
    await scene.issuerReady("True");
    scene.certsrv.fault("certnew.p7b", { kind: "hang" });
    await scene.request("crash");
    const isFetched = () => scene.certsrv.calls.some(({ page }) => page.startsWith("certnew.p7b?ReqID=7"));
    await expect.poll(isFetched, { timeout: 10_000, interval: 5 }).toBe(true);
    await first.stop("SIGKILL");
    startIssuerProgram(context, "adcs/src/main.ts", argv);
    await scene.until("crash", "Issued");
    expect(await scene.rowsOf("crash")).toHaveLength(2);
    const uid = (await scene.get("crash"))?.metadata.uid;
    await expect
      .poll(() => requestEvents(scene.kube, scene.namespace, "crash"), { timeout: 5_000 })
      .toContainEqual(
        expect.objectContaining({
          reason: "PossibleDuplicate",
          note: expect.stringContaining(`CertificateManagerUid:${uid}`),
        }),
      );
  }, 60_000);

  test("a denial fails the request, once, with the code's name and what to do", async () => {
    await using scene = await startAdcsScene({ language: "de" });
    await scene.configure({ template: "Nowhere" });
    await scene.serve();
    await scene.request("denied");
    const failed = await scene.until("denied", "Failed");
    expect(findCondition(failed, "Ready")?.message).toMatch(
      /0x80094800 \(CERTSRV_E_UNSUPPORTED_CERT_TYPE\).*certutil -SetCAtemplates/,
    );
    expect(failed.status?.failureTime).toBeDefined();
    await delay(1_500);
    expect(await scene.rowsOf("denied")).toHaveLength(1);
  });

  test("denied by a certificate manager after a while, it fails as well", async () => {
    await using scene = await startAdcsScene({ language: "ru" });
    await scene.configure({ template: "WebServerApproval" });
    await scene.serve();
    await scene.request("denied");
    await expect
      .poll(() => scene.polled().filter((id) => id === "7").length, { timeout: 10_000 })
      .toBeGreaterThan(1);
    scene.certsrv.ca.deny(7);
    const failed = await scene.until("denied", "Failed");
    expect(findCondition(failed, "Ready")?.message).toContain("CERTSRV_E_ADMIN_DENIED_REQUEST");
    expect(await scene.rowsOf("denied")).toHaveLength(1);
  });

  test("a wrong password is shown once; the right one is used at once, and nothing has failed meanwhile", async () => {
    await using scene = await startAdcsScene();
    await scene.storePassword("wrong");
    await scene.serve();
    const notReady = await scene.issuerReady("False");
    expect(notReady?.message).toMatch(/refuses basic authentication as svc \(401\)/);
    for (const name of ["one", "two", "three"]) await scene.request(name);
    await delay(3_000);
    expect(scene.certsrv.calls.filter(({ status }) => status === 401)).toHaveLength(1);
    await scene.storePassword("password");
    for (const name of ["one", "two", "three"]) {
      const { status } = await scene.until(name, "Issued", 30_000);
      expect(status?.failureTime).toBeUndefined();
    }
    expect(scene.certsrv.ca.rows).toHaveLength(3);
  }, 60_000);

  test("no certificate of the bad kinds reaches a status, and none is requested again", async (context) => {
    await using scene = await startAdcsScene();
    await scene.serve();
    await scene.issuerReady("True");
    const kinds = Object.entries(badCertificates);
    expect(kinds.length).toBeGreaterThanOrEqual(40);
    const judged = /will retry|cannot be had yet|not used|Succeeded signing/;
    for (const [at, [kind, make]] of kinds.entries()) {
      scene.certsrv.ca.badCertificate = make;
      await scene.request(`bad-${at}`);
      const message = async () => findCondition(await scene.get(`bad-${at}`), "Ready")?.message;
      await expect.poll(async () => `${kind}: ${await message()}`, { timeout: 10_000 }).toMatch(judged);
    }
    scene.certsrv.ca.badCertificate = undefined;
    await delay(1_000);
    const mended: string[] = [];
    for (const [at, [kind]] of kinds.entries()) {
      const { status } = (await scene.get(`bad-${at}`)) ?? {};
      const rows = await scene.rowsOf(`bad-${at}`);
      expect({ kind, rows: rows.length }).toEqual({ kind, rows: 1 });
      if (status?.certificate === undefined) continue;
      // Where the leaf is good, its CAs are found at the CA itself, whatever came with it.
      mended.push(kind);
      const chain = text(status.certificate);
      expect({ kind, leaf: parseCertificates(chain)[0]?.pem }).toEqual({
        kind,
        leaf: rows[0]?.certificate?.pem,
      });
      await opensslVerdict({ chain, ca: scene.certsrv.rootPem });
      expect({ kind, ca: text(status.ca) }).toEqual({ kind, ca: scene.certsrv.rootPem });
    }
    expect(mended.length).toBeLessThan(20);
    await context.annotate(
      `${kinds.length} kinds, 0 in a status; of ${mended.length} only the chain was bad: ${mended.join("; ")}`,
    );
    await scene.request("good");
    await scene.until("good", "Issued");
  }, 180_000);

  test("a name of a Windows account is refused before anything reaches the CA", async () => {
    await using scene = await startAdcsScene();
    await scene.serve();
    await scene.issuerReady("True");
    await scene.request("forged", { uris: ["tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"] });
    const failed = await scene.until("forged", "Failed");
    expect(findCondition(failed, "Ready")?.message).toContain("allowedSids");
    expect(scene.certsrv.ca.rows).toEqual([]);
  });

  test("a CA that is away for a while holds requests up, and fails none", async () => {
    await using scene = await startAdcsScene({ language: "fr" });
    await scene.serve();
    await scene.issuerReady("True");
    scene.certsrv.ca.failing = 0x800706ba;
    await scene.request("waits");
    await expect
      .poll(async () => findCondition(await scene.get("waits"), "Ready")?.message ?? "", { timeout: 10_000 })
      .toContain("RPC_S_SERVER_UNAVAILABLE");
    expect((await scene.get("waits"))?.status?.failureTime).toBeUndefined();
    expect(await scene.rowsOf("waits")).toEqual([]);
  });
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseCertificates, parseCsr } from "@countersign/issuer-core";
import { badCertificates, issueBelow, newAuthority } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { startDemoFiles } from "../../examples/ejbca-sign-webhook/src/demo-service.ts";
import { spawnProgram } from "../../examples/ejbca-sign-webhook/src/program-fixture.ts";
import { freePort } from "../rigs/free-port.ts";
import { startIssuerProgram } from "./fixtures/issuer-program.ts";
import { opensslVerdict } from "./fixtures/openssl-verdict.ts";
import { startWebhookScene } from "./fixtures/webhook-scene.ts";
import { requestEvents } from "./request-events.ts";

const text = (base64 = "") => Buffer.from(base64, "base64").toString();

/** The service before the simulator of EJBCA, on a port that it keeps, and an issuer object that asks it. */
async function startServiceScene() {
  const stack = new AsyncDisposableStack();
  const port = await freePort();
  const files = stack.use(await startDemoFiles({ port }));
  const client = await files.ca.issue("webhook-issuer");
  const ref = { name: "client" };
  const scene = stack.use(
    await startWebhookScene(
      {
        ...{ url: `https://localhost:${port}`, healthPath: "/health" },
        ...{ caBundleSecretRef: ref, clientCertSecretRef: ref, clientKeySecretRef: ref },
        idempotency: { promised: true },
      },
      { "tls.crt": client.cert, "tls.key": client.key, "ca.crt": files.ca.pem },
    ),
  );
  return { ...scene, files, ejbca: files.ejbca, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("an issuer for a /sign service on the embedded API", () => {
  test("no certificate of the bad kinds reaches a status", async (context) => {
    const [authority, foreign] = await Promise.all([newAuthority(new Date()), newAuthority(new Date())]);
    // Base64 without PEM is a way to answer here.
    const kinds = Object.entries(badCertificates).filter(([kind]) => kind !== "base64 without PEM");
    expect(kinds.length).toBeGreaterThanOrEqual(40);
    const ca = authority.intermediate.certificate.pem + authority.root.certificate.pem;
    const calls = new Map<string, number>();
    const leaves = new Map<string, string>();
    const answerTo = async (body: string): Promise<object> => {
      const csr = parseCsr(Buffer.from(JSON.parse(body).csr, "base64"));
      const [host = ""] = csr.names.dns;
      const now = new Date();
      const notBefore = new Date(now.getTime() - 60_000);
      const notAfter = new Date(now.getTime() + 90 * 86_400_000);
      const usages = ["digital signature", "key encipherment", "server auth"];
      const leaf = await issueBelow(authority.intermediate, {
        ...{ csr, serialSeed: csr.pem, notBefore, notAfter, usages },
      });
      leaves.set(host, leaf.pem);
      calls.set(host, (calls.get(host) ?? 0) + 1);
      const make = kinds[Number(/^bad-(\d+)\./.exec(host)?.[1])]?.[1];
      if (calls.get(host) !== 1 || make === undefined) return { certificate: leaf.pem, ca };
      const bad = await make({ authority, foreign, csr, leaf, now });
      return typeof bad === "string" ? { certificate: bad } : { certificate: bad.pem, ca: bad.ca };
    };
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      if (request.method !== "POST") return void response.writeHead(405).end();
      response.end(JSON.stringify(await answerTo(body)));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using scene = await startWebhookScene({ url, idempotency: { promised: true } });
    await scene.serve();
    await Promise.all(kinds.map((_, at) => scene.request(`bad-${at}`)));
    let repeated = 0;
    for (const [at, [kind]] of kinds.entries()) {
      const { status } = await scene.until(`bad-${at}`, "Issued", 60_000);
      const host = `bad-${at}.example.com`;
      const chain = text(status?.certificate);
      expect({ kind, pem: parseCertificates(chain)[0]?.pem }).toEqual({ kind, pem: leaves.get(host) });
      await opensslVerdict({ chain, ca: authority.root.certificate.pem });
      if ((calls.get(host) ?? 0) > 1) repeated += 1;
    }
    server.closeAllConnections();
    server.close();
    // Three hold the good certificate beside what does not belong to it, and its path is found.
    expect(repeated).toBe(kinds.length - 3);
    await context.annotate(`${kinds.length} kinds, ${repeated} refused, 0 in a status`);
  }, 120_000);

  test("the service is killed while EJBCA issues: the next one finds the certificate, and there is no second", async () => {
    await using scene = await startServiceScene();
    const { ejbca } = scene;
    const first = await spawnProgram(scene.files);
    await scene.serve();
    await scene.request("before");
    await scene.until("before", "Issued");
    const names = ["killed-0", "killed-1", "killed-2"];
    const action = { kind: "delay", ms: 400 } as const;
    ejbca.faults.add({ route: "pkcs10enroll", times: names.length, action });
    for (const name of names) await scene.request(name);
    const enrolments = () => ejbca.requests.filter(({ path }) => path.endsWith("pkcs10enroll")).length;
    await expect.poll(enrolments, { timeout: 10_000, interval: 5 }).toBe(1 + names.length);
    await first[Symbol.asyncDispose]();
    await using _second = await spawnProgram(scene.files);
    for (const name of names) await scene.until(name, "Issued", 40_000);
    expect(ejbca.ledger.entries).toHaveLength(1 + names.length);
    expect(ejbca.ledger.duplicates()).toEqual([]);
  }, 90_000);

  test("the issuer is killed before it writes: the service gives the same certificate again", async (context) => {
    await using scene = await startServiceScene();
    await using _service = await spawnProgram(scene.files);
    const argv = ["--kubeconfig", await scene.kubeconfig(), "--no-leader-elect", "--pki-allow-loopback"];
    const first = startIssuerProgram(context, "webhook/src/main.ts", argv);
    await scene.request("before");
    await scene.until("before", "Issued");
    const { ledger, faults, requests } = scene.ejbca;
    const names = ["written-0", "written-1", "written-2"];
    faults.add({ route: "pkcs10enroll", times: names.length, action: { kind: "delay", ms: 2_000 } });
    for (const name of names) await scene.request(name);
    const enrolments = () => requests.filter(({ path }) => path.endsWith("pkcs10enroll")).length;
    await expect.poll(enrolments, { timeout: 10_000, interval: 5 }).toBe(1 + names.length);
    const blocked = scene.cluster.api.faults.add({
      ...{ verb: "patch", resource: "certificaterequests", subresource: "status" },
      action: { type: "reset" },
    });
    await expect.poll(() => ledger.entries.length, { timeout: 15_000 }).toBe(1 + names.length);
    await first.stop("SIGKILL");
    blocked.remove();
    startIssuerProgram(context, "webhook/src/main.ts", argv);
    for (const name of names) await scene.until(name, "Issued");
    expect(ledger.entries).toHaveLength(1 + names.length);
    expect(await requestEvents(scene.kube, scene.namespace, names[0] ?? "")).not.toContainEqual(
      expect.objectContaining({ reason: "PossibleDuplicate" }),
    );
  }, 90_000);

  test("EJBCA is away: requests wait, none fails, and all are issued when it is back", async () => {
    await using scene = await startServiceScene();
    await using _service = await spawnProgram(scene.files);
    await scene.serve();
    await scene.request("before");
    await scene.until("before", "Issued");
    await scene.ejbca.nodes[0]?.down();
    const names = ["away-0", "away-1", "away-2"];
    for (const name of names) await scene.request(name);
    for (const name of names) await scene.until(name, "Pending");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await scene.ejbca.nodes[0]?.up();
    for (const name of names)
      expect((await scene.until(name, "Issued", 70_000)).status?.failureTime).toBeUndefined();
    expect(scene.ejbca.ledger.duplicates()).toEqual([]);
  }, 100_000);
});

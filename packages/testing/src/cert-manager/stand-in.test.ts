import { setTimeout as delay } from "node:timers/promises";
import { connectionTo, type Secret } from "@countersign/issuer-core";
import { systemScheduler } from "@countersign/issuer-core/kube";
import { describe, expect, onTestFinished, test } from "vitest";
import type { FaultAction } from "../kube-api/faults.ts";
import { startKubeApi } from "../kube-api/start-kube-api.ts";
import type { Anomaly } from "./anomaly.ts";
import { type CertManagerOptions, startCertManager } from "./cert-manager.ts";
import { CertificateCase, poll } from "./certificate-case.ts";
import { findCondition, isTrue, kubeTime } from "./condition.ts";
import { certManagerCrds } from "./crds.ts";
import { failed, issuerRef, ready } from "./issuer-fixture.ts";
import { certificateType, crdType } from "./kube-objects.ts";
import { waitForReady } from "./wait-for-ready.ts";

async function cluster(options: Omit<CertManagerOptions, "connection" | "url" | "token"> = {}) {
  const api = await startKubeApi();
  onTestFinished(() => api.close());
  const start = async (more: typeof options = {}) => {
    const certManager = await startCertManager({ url: api.url, token: api.adminToken, ...options, ...more });
    onTestFinished(() => certManager.stop());
    return certManager;
  };
  const begin = (name: string) =>
    new CertificateCase(connectionTo(api.kubeConfig), { onTestFinished, expect }, name);
  return { api, start, begin };
}

describe("approval", () => {
  test("is given to nothing where it is switched off", async () => {
    const { start, begin } = await cluster({ approve: false });
    await start();
    const it = begin("unapproved");
    await it.create();
    await expect.poll(() => it.request(1), poll).toBeDefined();
    await delay(200);
    expect((await it.request(1))?.status?.conditions).toBeUndefined();
  });

  test("follows a function: approve, deny with or without words, ignore until it says otherwise", async () => {
    const asked: string[] = [];
    const { start, begin } = await cluster({
      approve: async ({ spec }) => {
        asked.push(spec.issuerRef.name);
        switch (spec.issuerRef.name) {
          case "yes":
            return "approve";
          case "no":
            return "deny";
          case "never":
            return { deny: "names of others are not for you" };
          default:
            return "ignore";
        }
      },
    });
    const { events } = await start();
    const heard: string[] = [];
    events.on("approved", ({ name }) => heard.push(`approved ${name}`));
    events.on("denied", ({ name, message }) => heard.push(`denied ${name}: ${message}`));
    const [yes, no, never, other] = [begin("yes"), begin("no"), begin("never"), begin("other")] as const;
    for (const it of [yes, no, never, other]) await it.create();
    const decision = async (it: CertificateCase, type: string) =>
      findCondition((await it.request(1))?.status?.conditions, type);
    await expect.poll(() => decision(yes, "Approved"), poll).toMatchObject({ reason: "cert-manager.io" });
    await expect
      .poll(() => decision(no, "Denied"), poll)
      .toMatchObject({
        message: "Certificate request has been denied by cert-manager.io",
      });
    await expect
      .poll(() => decision(never, "Denied"), poll)
      .toMatchObject({
        status: "True",
        message: "names of others are not for you",
      });
    await expect.poll(() => asked.includes("other"), poll).toBe(true);
    expect((await other.request(1))?.status?.conditions).toBeUndefined();
    expect(heard.toSorted()).toEqual([
      "approved yes-1",
      "denied never-1: names of others are not for you",
      "denied no-1: Certificate request has been denied by cert-manager.io",
    ]);
  });

  test("is asked for again when the function throws", async () => {
    let calls = 0;
    const { start, begin } = await cluster({
      approve: () => {
        calls += 1;
        if (calls === 1) throw new Error("policy not loaded");
        return "approve";
      },
    });
    const { events } = await start();
    const troubles: unknown[] = [];
    events.on("trouble", (trouble) => troubles.push(trouble));
    const it = begin("thrown");
    await it.create();
    await expect
      .poll(async () => isTrue((await it.request(1))?.status?.conditions, "Approved"), poll)
      .toBe(true);
    expect(troubles).toEqual([{ during: "approval", error: new Error("policy not loaded") }]);
  });
});

describe("no certificate is asked for twice", () => {
  test("when the stand-in restarts while a request is under way", async () => {
    const { start, begin } = await cluster();
    const first = await start();
    const it = begin("restart");
    await it.create();
    await expect
      .poll(async () => isTrue((await it.request(1))?.status?.conditions, "Approved"), poll)
      .toBe(true);
    const request = await it.request(1);
    await first.stop();
    await start();
    it.issuer.on(it.name, (request) => it.pki.issue(request));
    await it.ready();
    expect(it.issuer.answered(it.name)).toBe(1);
    expect((await it.request(1))?.metadata.uid).toBe(request?.metadata.uid);
  });

  test.each<FaultAction>([
    { type: "dropResponse" },
    { type: "reset" },
    { type: "status", code: 409, reason: "Conflict", message: "try again" },
    { type: "status", code: 500, reason: "InternalError", message: "etcdserver: request timed out" },
  ])("when half of its writes end in %j", async (action) => {
    const { api, start, begin } = await cluster();
    await (await start()).stop();
    const cases = ["a", "b", "c", "d"].map((name) => begin(name));
    for (const it of cases) {
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
    }
    // The first draw of this seed is a hit.
    const fault = () => ({ probability: 0.5, random: lehmer(1), action });
    const faults = [
      api.faults.add({ ...fault(), verb: ["create", "update", "patch"], resource: "certificates" }),
      api.faults.add({ ...fault(), verb: ["create", "update", "patch"], resource: "secrets" }),
      api.faults.add({ ...fault(), verb: "create", resource: "certificaterequests" }),
    ];
    await start();
    for (const it of cases) {
      await it.ready();
      expect(it.issuer.answered(it.name)).toBe(1);
      expect((await it.certificate()).status?.revision).toBe(1);
    }
    expect(faults.map(({ hits }) => hits > 0)).toEqual([true, true, true]);
  });
});

describe("a Certificate", () => {
  test("that is deleted takes its requests along, so that a new one of its name can be issued", async () => {
    const { start, begin } = await cluster();
    await start();
    const it = begin("again");
    await it.create();
    await expect.poll(() => it.request(1), poll).toBeDefined();
    const request = await it.request(1);
    await it.kube.delete(certificateType, await it.certificate());
    await expect.poll(() => it.request(1), poll).toBeUndefined();
    await it.create();
    it.issuer.on(it.name, (request) => it.pki.issue(request));
    await it.ready();
    expect((await it.request(1))?.metadata.uid).not.toBe(request?.metadata.uid);
  });

  test("with the Secret of another waits for a Secret of its own instead of taking turns", async () => {
    const { api, start, begin } = await cluster();
    await start();
    const [one, two] = [begin("one"), begin("two")];
    for (const it of [one, two]) it.issuer.on(it.name, (request) => it.pki.issue(request));
    await one.create({ secretName: "shared" });
    await one.ready();
    await two.create({ secretName: "shared" });
    await expect(two.ready({ timeoutMs: 700 })).rejects.toThrow(
      /Ready=False \(IncorrectCertificate\): Secret shared belongs to Certificate one; name another Secret/,
    );
    expect(two.issuer.answered("two")).toBe(0);
    const before = writes(api.requests);
    await delay(500);
    expect(writes(api.requests)).toBe(before);
    await two.change({ secretName: "own" });
    await two.ready();
  });

  test("that cannot be made into a request fails and says why", async () => {
    const { start, begin } = await cluster();
    await start();
    const it = begin("unmakable");
    await it.create({ ipAddresses: ["nowhere"] });
    const { status } = await it.failures(1);
    expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
      status: "False",
      reason: "InvalidSpec",
      message: expect.stringMatching(/ipAddresses: .* nowhere/),
    });
    expect(status?.nextPrivateKeySecretName).toBeUndefined();
  });

  test("does not wait for the back-off once its spec has changed", async () => {
    const { start, begin } = await cluster();
    await start();
    const it = begin("impatient");
    it.issuer.on(it.name, (request, nth) => (nth === 0 ? failed("not this") : it.pki.issue(request)));
    await it.create();
    await it.failures(1);
    await expect(it.ready({ timeoutMs: 1_500 })).rejects.toThrow(/will be retried: not this/);
    await it.change({ dnsNames: ["impatient.example.org"] });
    await it.ready();
  });

  test("is renewed when the injected clock says so", async () => {
    let offset = 0;
    const { start, begin } = await cluster({
      scheduler: { ...systemScheduler, now: () => Date.now() + offset },
    });
    await start();
    const it = begin("clocked");
    it.issuer.on(it.name, (request) => it.pki.issue(request));
    await it.create();
    await it.ready();
    offset = 59 * 86_400_000;
    await it.change({ secretTemplate: { labels: { poke: "1" } } });
    await expect(it.ready({ revision: 2, timeoutMs: 500 })).rejects.toThrow("is not Ready");
    offset = 61 * 86_400_000;
    await it.change({ secretTemplate: { labels: { poke: "2" } } });
    await it.ready({ revision: 2 });
  });

  test("leaves no key Secrets behind, and costs no write once it is Ready", async () => {
    const { api, start, begin } = await cluster();
    const { events } = await start();
    const heard: string[] = [];
    for (const event of ["requested", "approved", "issued"] as const)
      events.on(event, () => heard.push(event));
    const it = begin("idle");
    it.issuer.on(it.name, (request) => it.pki.issue(request));
    await it.create();
    await it.ready();
    await expect.poll(() => heard, poll).toEqual(["requested", "approved", "issued"]);
    await delay(300);
    const before = writes(api.requests);
    await delay(500);
    expect(writes(api.requests)).toBe(before);
    const list = await fetch(`${api.url}/api/v1/namespaces/default/secrets`, {
      headers: { authorization: `Bearer ${api.adminToken}` },
    });
    const { items } = (await list.json()) as { readonly items: readonly Secret[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["idle-tls"]);
  });
});

test("an issuer that breaks the contract is reported, without ending anything", async () => {
  const { start, begin } = await cluster();
  const { events } = await start();
  const anomalies: Anomaly[] = [];
  events.on("anomaly", (anomaly) => anomalies.push(anomaly));
  const [timeless, readyless] = [begin("timeless"), begin("readyless")];
  timeless.issuer.on("timeless", () => ({ conditions: [ready("Failed")] }));
  readyless.issuer.on("readyless", () => ({ failureTime: kubeTime(Date.now()) }));
  await timeless.create();
  await readyless.create();
  await timeless.failures(1);
  await expect
    .poll(() => anomalies.map(({ name, code }) => `${name} ${code}`).toSorted(), poll)
    .toEqual(["readyless-1 failure-time-without-ready", "timeless-1 failed-without-failure-time"]);
});

describe("the stand-in", () => {
  test("refuses a cluster that has cert-manager's own CRDs, unless it is told to use them", async () => {
    const { start, begin } = await cluster();
    const it = begin("foreign");
    for (const { metadata, ...crd } of certManagerCrds())
      await it.kube.create(crdType, { ...crd, metadata: { name: metadata.name } });
    await expect(start()).rejects.toThrow(
      /certificates.cert-manager.io is not the stand-in's: cert-manager seems to be installed here/,
    );
    await start({ installCrds: false });
    it.issuer.on(it.name, (request) => it.pki.issue(request));
    await it.create();
    await it.ready();
  });

  test("serves what issuers select on: requests by the group of their issuer", async () => {
    const { api, start, begin } = await cluster();
    await start();
    const it = begin("selected");
    await it.create();
    await expect.poll(() => it.request(1), poll).toBeDefined();
    const names = async (group: string) => {
      const query = `fieldSelector=spec.issuerRef.group%3D${group}`;
      const response = await fetch(`${api.url}/apis/cert-manager.io/v1/certificaterequests?${query}`, {
        headers: { authorization: `Bearer ${api.adminToken}` },
      });
      const { items } = (await response.json()) as { readonly items: readonly Secret[] };
      return items.map(({ metadata }) => metadata.name);
    };
    expect(await names(issuerRef("selected").group)).toEqual(["selected-1"]);
    expect(await names("other.example.com")).toEqual([]);
  });

  test("stops at its signal: no watch stays open and nothing is written any more", async () => {
    const stopping = new AbortController();
    const { api, start, begin } = await cluster({ signal: stopping.signal });
    const certManager = await start();
    await expect.poll(() => api.openWatches, poll).toBe(3);
    const it = begin("stopped");
    await it.issuer[Symbol.asyncDispose]();
    stopping.abort();
    await certManager.stop();
    await expect.poll(() => api.openWatches, poll).toBe(0);
    await it.create();
    await delay(200);
    expect((await it.certificate()).status).toBeUndefined();
    await expect(start()).rejects.toThrow("aborted");
  });

  test("can be stopped before it has seen the cluster", async () => {
    const { api, start } = await cluster();
    await (await start()).stop();
    api.faults.add({ verb: "list", resource: "secrets", action: { type: "stall", ms: 60_000 } });
    const stopping = new AbortController();
    const starting = start({ signal: stopping.signal });
    setTimeout(() => stopping.abort(), 200);
    await expect(starting).rejects.toThrow("aborted");
  });

  test("says what is wrong with its options, and when the API server is not there", async () => {
    await expect(startCertManager({})).rejects.toThrow("Expected `connection` or `url`, got neither");
    const api = await startKubeApi();
    await api.close();
    await expect(startCertManager({ url: api.url, token: "x" })).rejects.toThrow(/refused the connection/);
  });
});

test("waiting for a Certificate that is not there says so", async () => {
  const { api, start } = await cluster();
  await start();
  await expect(
    waitForReady(api, { namespace: "default", name: "nobody" }, { timeoutMs: 100 }),
  ).rejects.toThrow("Certificate default/nobody is not Ready after 0.1 s: it does not exist");
});

function writes(requests: readonly { readonly verb: string }[]): number {
  return requests.filter(({ verb }) => !["get", "list", "watch"].includes(verb)).length;
}

/** A Lehmer generator: the same faults in each run. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import { startVenafiCloud } from "../../../../test/rigs/venafi/start-venafi-cloud.ts";
import { count, type Scene, secretOf, startScene } from "./scene-fixture.ts";

/** Each waits for looks of some seconds, so they run side by side. */
const patient = 60_000;

describe("orders of the issuer on a Kubernetes API", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test.concurrent(
    "what TPP's policy forbids is Failed, in the policy's words",
    async ({ expect }) => {
      await using tpp = await startTpp();
      await scene.issuer("strict", tpp, { zone: "Certificates\\Strict", secret: secretOf(tpp) });
      await scene.ask("strict", "strict", { dnsNames: ["*.example.net"] });
      const message = await scene.until("strict", "Failed");
      expect(message).toContain(
        'The policy of zone "\\VED\\Policy\\Certificates\\Strict" does not allow the request',
      );
      expect(message).toContain('the key algorithm is locked to "RSA"');
      expect(message).toContain('"*.example.net" is in none of the allowed domains, which are "example.com"');
      expect((await scene.request("strict"))?.status?.failureTime).toBeDefined();
      expect(count(tpp, "order")).toBe(0);
    },
    patient,
  );

  test.concurrent(
    "custom fields of the annotation go along where they are allowed, and are refused where not",
    async ({ expect }) => {
      await using tpp = await startTpp();
      await scene.issuer("fields", tpp, {
        zone: "Certificates\\Fields",
        secret: secretOf(tpp),
        spec: { allowedCustomFields: ["Cost Center"], objectName: "{namespace}-{name}" },
      });
      const annotation = (name: string) => ({
        "venafi.cert-manager.io/custom-fields": JSON.stringify([{ name, value: "42" }]),
      });
      await scene.ask("fields", "fields", { annotations: annotation("Cost Center") });
      await scene.ask("fields-not", "fields", { annotations: annotation("Environment") });
      await scene.ask("fields-none", "fields");
      expect(await scene.until("fields-not", "Failed")).toContain('sets "Environment"');
      expect(await scene.until("fields-none", "Failed")).toContain(
        "The value for the mandatory Custom Field Cost Center is not set.",
      );
      await scene.until("fields", "Issued");
      const object = tpp.control.object("\\VED\\Policy\\Certificates\\Fields\\default-fields");
      expect(object?.customFields.get("Cost Center")).toEqual(["42"]);
    },
    patient,
  );

  test.concurrent(
    "an object in error is reset and requested again, without a failed request",
    async () => {
      await using tpp = await startTpp();
      tpp.control.failIssuance();
      await scene.issuer("reset", tpp, { secret: secretOf(tpp) });
      await scene.ask("reset", "reset");
      await scene.until("reset", "Pending", "Cannot connect to the certificate authority");
      await scene.until("reset", "Issued");
      expect([count(tpp, "order"), count(tpp, "reset"), count(tpp, "certificate")]).toEqual([2, 1, 1]);
    },
    patient,
  );

  test.concurrent(
    "5xx and broken connections of looks are tried again, and nothing is ordered twice",
    async () => {
      await using tpp = await startTpp();
      await scene.issuer("shaky", tpp, { secret: secretOf(tpp) });
      const retrieve = { path: "certificates/retrieve" };
      tpp.control.faults.failNext({ status: 500, json: { Error: "Internal error" } }, retrieve);
      tpp.control.faults.failNext({ status: 503, text: "<html>" }, retrieve);
      tpp.control.faults.loseAnswer({ ...retrieve, times: 2 });
      await scene.ask("shaky", "shaky");
      await scene.until("shaky", "Pending", '"Internal error"');
      await scene.until("shaky", "Issued");
      expect([count(tpp, "order"), count(tpp, "certificate")]).toEqual([1, 1]);
    },
    patient,
  );

  test.concurrent(
    "a lost answer to the request leads to no second order",
    async () => {
      await using tpp = await startTpp();
      await scene.issuer("lost", tpp, { secret: secretOf(tpp) });
      tpp.control.faults.loseAnswer({ path: "certificates/request" });
      await scene.ask("lost", "lost");
      await scene.until("lost", "Issued");
      expect([count(tpp, "order"), count(tpp, "certificate")]).toEqual([1, 1]);
    },
    patient,
  );

  test.concurrent(
    "an approval is waited for with its stage, and a rejection is Failed with the approver's words",
    async ({ expect }) => {
      await using tpp = await startTpp();
      await scene.issuer("workflow", tpp, { zone: "Certificates\\Workflow", secret: secretOf(tpp) });
      for (const name of ["approved", "rejected"]) await scene.ask(name, "workflow");
      for (const name of ["approved", "rejected"])
        await scene.until(name, "Pending", 'stage 600 "Approve Request", which waits for an approval there');
      const dn = (name: string) => tpp.control.waiting.find((each) => each.includes(`${name}.example.com`));
      tpp.control.approve(dn("approved"));
      tpp.control.reject("no such project", dn("rejected"));
      await scene.until("approved", "Issued");
      expect(await scene.until("rejected", "Failed")).toContain("no such project");
    },
    patient,
  );

  test.concurrent(
    "the SaaS issues, and what it rejects is Failed",
    async ({ expect }) => {
      await using cloud = await startVenafiCloud();
      cloud.control.missingFor(1);
      cloud.control.unsignedFor(1);
      await scene.issuer("saas", cloud, { secret: secretOf(cloud) });
      await scene.issuer("saas-approval", cloud, { zone: "Web Shop\\Approval", secret: secretOf(cloud) });
      await scene.ask("saas", "saas");
      await scene.ask("saas-rejected", "saas-approval");
      await scene.until("saas-rejected", "Pending", '"PENDING"');
      cloud.control.reject("no budget");
      expect(await scene.until("saas-rejected", "Failed")).toContain("no budget");
      await scene.until("saas", "Issued");
      expect(count(cloud, "certificate")).toBe(1);
    },
    patient,
  );
});

test(
  "an order that is pending for three looks, with a restart between, is one order in the ledger",
  async () => {
    await using scene = await startScene();
    await using tpp = await startTpp();
    await using cloud = await startVenafiCloud();
    for (const server of [tpp, cloud]) server.control.pendingFor(3);
    await scene.issuer("tpp", tpp, { secret: secretOf(tpp) });
    await scene.issuer("saas", cloud, { secret: secretOf(cloud) });
    for (const name of ["tpp", "saas"]) await scene.ask(name, name);
    await scene.until("tpp", "Pending", '"Post CSR"');
    await scene.until("saas", "Pending", '"PENDING"');
    await scene.stopIssuer();
    const looks = () => tpp.calls.filter(({ path }) => path.endsWith("retrieve")).length;
    const before = looks();
    expect(before).toBeLessThan(4);
    await scene.startIssuer();
    for (const name of ["tpp", "saas"]) await scene.until(name, "Issued");
    expect(looks()).toBeGreaterThan(before);
    for (const server of [tpp, cloud])
      expect([count(server, "order"), count(server, "certificate")]).toEqual([1, 1]);
  },
  patient,
);

import type { SignRequest } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { type Ejbca, startEjbca } from "../../../../test/rigs/ejbca/start-ejbca.ts";
import { failureOf } from "../connect-fixture.ts";
import { connectSimulator, judged, type SimulatorOptions } from "./connect-simulator.ts";

/** A simulator that has issued for somebody before, and a signer. */
async function fixture(options: SimulatorOptions = {}) {
  const stack = new AsyncDisposableStack();
  const ejbca = stack.use(await startEjbca());
  const signer = stack.use(connectSimulator(ejbca, options));
  await signer.sign();
  return { ejbca, signer, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A request whose certificate was issued and whose answer was lost. */
async function lostRequest({ ejbca, signer }: Awaited<ReturnType<typeof fixture>>): Promise<SignRequest> {
  const request = await signRequestFor();
  ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "lose" } });
  expect(await failureOf(signer.sign(request))).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
  return request;
}

function hide(ejbca: Ejbca, rule: string) {
  ejbca.role("issuer").rules.delete(rule);
}

describe("a lost answer", () => {
  test("is found, with its chain, and nothing is issued twice", async () => {
    await using at = await fixture();
    const requests = [];
    for (let count = 0; count < 4; count += 1) requests.push(await lostRequest(at));
    for (const request of requests) {
      const found = await at.signer.find(request);
      expect(found?.status).toBe("issued");
      judged(request, found?.status === "issued" ? found.chain : "");
    }
    expect(at.ejbca.ledger.duplicates()).toEqual([]);
  });

  test("is found under a name that many requests share", async () => {
    await using at = await fixture({ ejbca: { endEntityName: "{namespace}.shared" } });
    for (let count = 0; count < 5; count += 1) await at.signer.sign();
    const request = await lostRequest(at);
    expect(await at.signer.find(request)).toMatchObject({ status: "issued" });
    expect(await at.signer.find(await signRequestFor())).toBeUndefined();
  });

  test("is found among more than EJBCA shows at once", async () => {
    await using at = await fixture({ ejbca: { endEntityName: "{namespace}.crowded" } });
    const [stored] = at.ejbca.store.all;
    if (stored === undefined) throw new Error("nothing is stored");
    const issuedAt = new Date(Date.now() - 2 * 3_600_000);
    for (let count = 0; count < 405; count += 1) at.ejbca.store.add({ ...stored, issuedAt });
    const request = await lostRequest(at);
    expect(await at.signer.find(request)).toMatchObject({ status: "issued" });
  });

  test("of a request that never arrived is known not to be there", async () => {
    await using at = await fixture();
    const request = await signRequestFor();
    at.ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "reset" } });
    await failureOf(at.signer.sign(request));
    expect(await at.signer.find(request)).toBeUndefined();
  });

  test.each<[string, (ejbca: Ejbca) => void]>([
    ["may not view", (ejbca) => hide(ejbca, "/endentityprofilesrules/LabEEP-OneCA/view_end_entity/")],
    [
      "has another CA in the profile than the role",
      (ejbca) => {
        const profile = ejbca.endEntityProfiles.get("LabEEP-OneCA");
        if (profile === undefined) throw new Error("no such profile");
        const authorities = ["LabIssuingCA", "LabECCA"];
        ejbca.endEntityProfiles.set("LabEEP-OneCA", { ...profile, authorities });
      },
    ],
    [
      "has a dead database",
      (ejbca) => {
        ejbca.faults.database = "gone";
      },
    ],
    [
      "is lied to",
      (ejbca) => {
        ejbca.faults.searchFindsNothing = true;
      },
    ],
  ])("cannot be told where the issuer %s: an empty list is never believed", async (_, change) => {
    await using at = await fixture();
    const request = await lostRequest(at);
    change(at.ejbca);
    expect(await at.signer.find(request)).toMatchObject({ status: "cannot-tell" });
  });

  test("cannot be told where the CA stores nothing", async () => {
    await using ejbca = await startEjbca();
    ejbca.authority("LabIssuingCA").storesCertificates = false;
    await using signer = connectSimulator(ejbca);
    await signer.sign();
    const request = await lostRequest({ ejbca, signer } as never);
    expect(await signer.find(request)).toMatchObject({ status: "cannot-tell" });
  });

  test("of the first request ever cannot be told, where nothing was issued", async () => {
    await using ejbca = await startEjbca();
    await using signer = connectSimulator(ejbca);
    expect(await signer.find(await signRequestFor())).toMatchObject({ status: "cannot-tell" });
  });

  test("is found after a freeze of the database, in which the server went on", async () => {
    await using at = await fixture({ http: { headersTimeoutMs: 300 } });
    const request = await signRequestFor();
    at.ejbca.faults.database = "frozen";
    await failureOf(at.signer.sign(request));
    at.ejbca.faults.database = "up";
    await expect.poll(() => at.ejbca.ledger.entries.length).toBe(2);
    expect(await at.signer.find(request)).toMatchObject({ status: "issued" });
  });

  test("that was revoked meanwhile is not used", async () => {
    await using at = await fixture();
    const request = await lostRequest(at);
    const { serial } = at.ejbca.ledger.entries.at(-1) ?? { serial: "" };
    const dn = encodeURIComponent(at.ejbca.authority("LabIssuingCA").dnText);
    const { callEjbca } = await import("../../../../test/rigs/ejbca/call-ejbca.ts");
    const revoked = await callEjbca(at.ejbca, {
      ...{ method: "PUT", client: at.ejbca.clients.superadmin },
      path: `/v1/certificate/${dn}/${serial}/revoke?reason=SUPERSEDED`,
    });
    expect(revoked.status).toBe(200);
    expect(await at.signer.find(request)).toBeUndefined();
  });
});

describe("an existing end entity at a CA name that does not exist", () => {
  test("is issued for all the same: the certificate is found, and no second one is asked for", async () => {
    await using ejbca = await startEjbca();
    ejbca.endEntities.add({
      ...{ username: "spent", password: "foo123", endEntityProfile: "LabEEP-OneCA" },
      ...{ subjectDn: "CN=spent.example.com", dnsNames: ["spent.example.com"] },
    });
    await using signer = connectSimulator(ejbca, {
      ejbca: {
        ...{ mode: "existingEndEntity", endEntityName: "spent", certificateAuthorityName: "NoSuchCA" },
        enrollmentCodeSecretRef: { name: "code" },
      },
      secrets: { enrollmentCode: "foo123" },
    });
    const request = await signRequestFor({
      commonName: "spent.example.com",
      dnsNames: ["spent.example.com"],
    });
    const error = await failureOf(signer.sign(request));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(error.message).toContain("has issued all the same");
    const found = await signer.find(request);
    judged(request, found?.status === "issued" ? found.chain : "");
    expect(ejbca.ledger.entries).toHaveLength(1);
  });
});

describe("two requests for one name at the same moment", () => {
  test("are told apart from a refusal, and the second comes through", async () => {
    await using at = await fixture();
    at.ejbca.faults.add({ route: "pkcs10enroll", action: { kind: "alreadyExists" } });
    const request = await signRequestFor();
    expect(await failureOf(at.signer.sign(request))).toMatchObject({
      ...{ code: "RETRYABLE", issuedNothing: true, retryAfterMs: 500 },
    });
    judged(request, (await at.signer.sign(request)).chain);
  });
});

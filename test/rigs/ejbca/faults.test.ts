import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Answer } from "./answer.ts";
import { callEjbca, enrolment, searchFor } from "./call-ejbca.ts";
import type { FaultAction } from "./faults.ts";
import { oddAnswers } from "./odd-answers.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";
import { unusualAnswers } from "./unusual-answers.ts";

let ejbca: Ejbca;

beforeEach(async () => {
  ejbca = await startEjbca();
});
afterEach(async () => {
  await ejbca.stop();
  expect(ejbca.defects).toEqual([]);
});

const path = "/v1/certificate/pkcs10enroll";

async function enrol(username: string, timeoutMs?: number) {
  return callEjbca(ejbca, { path, client: ejbca.clients.issuer, body: await enrolment(username), timeoutMs });
}

function search(username: string) {
  const body = searchFor(username);
  return callEjbca(ejbca, { path: "/v1/certificate/search", client: ejbca.clients.issuer, body });
}

const onEnrolment = (action: FaultAction) => ejbca.faults.add({ route: "pkcs10enroll", action });

describe("faults of the EJBCA simulator", () => {
  test("a lost answer leaves a certificate that a search finds", async () => {
    const fault = onEnrolment({ kind: "lose" });
    await expect(enrol("lost")).rejects.toThrow();
    expect(fault.hits).toBe(1);
    expect(ejbca.ledger.entries).toHaveLength(1);
    expect((await search("lost")).json.certificates).toHaveLength(1);
    expect((await enrol("later")).status).toBe(201);
  });

  test("a connection that is reset beforehand leaves nothing", async () => {
    onEnrolment({ kind: "reset" });
    await expect(enrol("reset")).rejects.toThrow();
    expect(ejbca.ledger.entries).toEqual([]);
  });

  test("a call that hangs is never answered, and does nothing", async () => {
    onEnrolment({ kind: "hang" });
    await expect(enrol("hangs", 300)).rejects.toThrow();
    expect(ejbca.requests.map(({ status }) => status)).toEqual([0]);
    expect(ejbca.ledger.entries).toEqual([]);
  });

  test("a delay is waited for", async () => {
    onEnrolment({ kind: "delay", ms: 200 });
    const begun = performance.now();
    expect((await enrol("slow")).status).toBe(201);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190);
  });

  test("another answer, with its headers, instead of any work", async () => {
    onEnrolment({ kind: "answer", status: 429, headers: { "retry-after": "7" } });
    const answer = await enrol("throttled");
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "7"]);
    expect(ejbca.ledger.entries).toEqual([]);
  });

  test("the race for a new username", async () => {
    onEnrolment({ kind: "alreadyExists" });
    const answer = await enrol("race");
    expect([answer.status, answer.json.error_message]).toEqual([400, "User race already exists."]);
  });

  test("only for the username, the node and as often as said", async () => {
    const fault = ejbca.faults.add({ username: "chosen", times: 2, action: { kind: "answer", status: 503 } });
    const statuses = [];
    for (const username of ["other", "chosen", "chosen", "chosen"])
      statuses.push((await enrol(username)).status);
    expect(statuses).toEqual([201, 503, 503, 201]);
    expect(fault.hits).toBe(2);
    const elsewhere = ejbca.faults.add({ node: 1, action: { kind: "reset" } });
    expect((await enrol("here")).status).toBe(201);
    expect(elsewhere.hits).toBe(0);
    const removed = ejbca.faults.add({ action: { kind: "reset" } });
    removed.remove();
    expect((await enrol("again")).status).toBe(201);
  });

  test("a frozen database carries a request out that nobody waits for any more", async () => {
    ejbca.faults.database = "frozen";
    await expect(enrol("patient", 500)).rejects.toThrow();
    expect(ejbca.ledger.entries).toEqual([]);
    ejbca.faults.database = "up";
    await vi.waitFor(() => expect(ejbca.ledger.entries).toHaveLength(1));
  });

  test("without its database a search finds nothing and says that all is well", async () => {
    await enrol("there");
    ejbca.faults.database = "gone";
    expect((await search("there")).json).toEqual({ certificates: [], more_results: false });
    expect((await enrol("not-there")).status).toBe(500);
    ejbca.faults.database = "goneForLong";
    expect((await search("there")).status).toBe(500);
    ejbca.faults.database = "up";
    expect((await search("there")).json.certificates).toHaveLength(1);
  });

  test("a search that lies while everything else works", async () => {
    await enrol("there");
    ejbca.faults.searchFindsNothing = true;
    expect((await search("there")).json).toEqual({ certificates: [], more_results: false });
    expect((await enrol("more")).status).toBe(201);
  });

  test.each(Object.entries(oddAnswers))("after issuing, %s", async (_name, answer) => {
    let good: string | undefined;
    const spy = (given: Answer) => {
      good = given.body;
      return answer(given);
    };
    onEnrolment({ kind: "tamper", answer: spy });
    const { text, status } = await enrol("odd");
    expect([status, ejbca.ledger.entries.length]).toEqual([201, 1]);
    expect(good).toContain('"certificate":"MII');
    expect(text).not.toBe(good);
  });
});

/** The DER in a text of any of the forms that EJBCA writes. */
function certificateIn(text: string): Buffer {
  const base64 = text.replace(/-----[^-]+-----|^(?:Subject|Issuer):.*$|\s/gm, "");
  const bytes = Buffer.from(base64, "base64");
  return bytes[0] === 0x30 ? bytes : certificateIn(bytes.toString("latin1"));
}

describe("unusual answers of the EJBCA simulator", () => {
  test.each(Object.entries(unusualAnswers))("%s: with the right certificate", async (_name, answer) => {
    let good: string | undefined;
    const spy = (given: Answer) => {
      good = given.body;
      return answer(given);
    };
    onEnrolment({ kind: "tamper", answer: spy });
    const { text, json } = await enrol("unusual");
    expect(text).not.toBe(good);
    expect(certificateIn(`${json.certificate}`)).toEqual(
      certificateIn(`${ejbca.ledger.entries[0]?.certificatePem}`),
    );
  });
});

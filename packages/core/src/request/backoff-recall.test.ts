import { describe, expect, test } from "vitest";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { BackoffRecall, recallAtSignsOfLife, recalledAtOnce } from "./backoff-recall.ts";

const issuer = { group: "acme.example.com", kind: "AcmeIssuer", namespace: "team", name: "main" };
const other = { ...issuer, name: "other" };

function fixture() {
  const recall = new BackoffRecall();
  const recalled: string[] = [];
  const add = (request: string, of = issuer, backsOff = true) =>
    recall.add(of, request, () => {
      if (backsOff) recalled.push(request);
      return backsOff;
    });
  return { recall, recalled, add };
}

describe("BackoffRecall", () => {
  test("a sign of life recalls a few, those first that failed first", () => {
    const { recall, recalled, add } = fixture();
    for (const request of ["a", "b", "c", "a", "d"]) add(request);
    recall.answered(issuer);
    expect(recalled).toEqual(["b", "c"]);
    expect(recalledAtOnce).toBe(2);
    recall.answered(issuer);
    recall.answered(issuer);
    expect(recalled).toEqual(["b", "c", "a", "d"]);
  });

  test("another issuer's sign of life recalls none", () => {
    const { recall, recalled, add } = fixture();
    add("a");
    recall.answered(other);
    expect(recalled).toEqual([]);
  });

  test("those that do not back off any more do not count", () => {
    const { recall, recalled, add } = fixture();
    for (const request of ["a", "b", "c"]) add(request, issuer, false);
    for (const request of ["d", "e"]) add(request);
    recall.answered(issuer);
    expect(recalled).toEqual(["d", "e"]);
  });

  test("a request that is gone is not recalled; one of its name that names another issuer is, there", () => {
    const { recall, recalled, add } = fixture();
    for (const request of ["a", "b"]) add(request);
    recall.remove("a");
    recall.remove("never");
    add("b", other);
    recall.answered(issuer);
    expect(recalled).toEqual([]);
    recall.answered(other);
    expect(recalled).toEqual(["b"]);
  });

  test("a PKI that is back is used in full after a few rounds of answers", () => {
    const { recall, recalled, add } = fixture();
    for (let at = 0; at < 1000; at += 1) add(`r${at}`);
    let answers = 1;
    let rounds = 0;
    for (; recalled.length < 1000; rounds += 1) {
      const before = recalled.length;
      for (let at = 0; at < Math.min(answers, 16); at += 1) recall.answered(issuer);
      answers = recalled.length - before;
      if (rounds === 4) expect(answers).toBe(32);
    }
    expect(rounds).toBeLessThan(40);
  });
});

describe("recallAtSignsOfLife", () => {
  const checked = { issuer, uid: "u", reconcile: 1, changed: true, reason: "Checked", message: "" };
  const answered = {
    request: { kind: "CertificateRequest" as const, namespace: "team", name: "web", uid: "u" },
    issuer,
    reconcile: 1,
    requester: { username: "", uid: undefined, groups: [], extra: undefined },
    approval: undefined,
    attemptId: "a",
    ms: 1,
    code: undefined,
    message: undefined,
  };
  test.each<[string, (lifecycle: Lifecycle) => void, number]>([
    ["issued", (each) => each.announce("request:answered", { ...answered, outcome: "issued" }), 1],
    ["pending", (each) => each.announce("request:answered", { ...answered, outcome: "pending" }), 1],
    ["an error", (each) => each.announce("request:answered", { ...answered, outcome: "error" }), 0],
    ["a check that succeeds", (each) => each.announce("issuer:checked", { ...checked, ready: true }), 1],
    ["a check that fails", (each) => each.announce("issuer:checked", { ...checked, ready: false }), 0],
    ["a circuit that closes", (each) => each.announce("pki:circuit", circuit("closed")), 1],
    ["a circuit that is tried", (each) => each.announce("pki:circuit", circuit("half-open")), 0],
    ["a circuit that opens", (each) => each.announce("pki:circuit", circuit("open")), 0],
  ])("%s", (_, announce, times) => {
    const { recall, recalled, add } = fixture();
    const lifecycle = new Lifecycle();
    const listeners = recallAtSignsOfLife(lifecycle, recall);
    add("a");
    announce(lifecycle);
    expect(recalled).toHaveLength(times);
    listeners.close();
    add("b");
    announce(lifecycle);
    expect(recalled).toHaveLength(times);
  });

  function circuit(state: "closed" | "half-open" | "open") {
    return { issuer, endpoint: "pki:443", state };
  }
});

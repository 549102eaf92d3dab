import { describe, expect, test } from "vitest";
import { failure, json, type Script, ScriptedServer } from "../kube/scripted-server-fixture.ts";
import { condition, now, requestWith } from "../request/request-fixtures.ts";
import { ApprovalError } from "./approval-error.ts";
import { approveRequest, denyRequest } from "./decide-request.ts";

const request = { kind: "CertificateRequest", namespace: "team", name: "web-1" } as const;
const why = { reason: "AcmeApprover", message: "asked for by phone" };
const ready = condition("Ready", "False", "Pending");
const scheduler = {
  now: () => now,
  monotonic: () => performance.now(),
  random: () => 0,
  after(ms: number, action: () => void) {
    const timer = setTimeout(action, Math.min(ms, 5));
    return () => clearTimeout(timer);
  },
};

/** Answers each GET with the next object and each PUT with the next script, the last of them for ever. */
function start(objects: readonly object[], writes: readonly Script[]) {
  const next = { GET: 0, PUT: 0 };
  return ScriptedServer.start((response, seen) => {
    if (seen.method === "GET") return json(response, 200, objects[Math.min(next.GET++, objects.length - 1)]);
    return writes[Math.min(next.PUT++, writes.length - 1)]?.(response, seen);
  });
}

const stored: Script = (response, { body }) => json(response, 200, JSON.parse(body));
const conflict: Script = (response) => failure(response, 409, "Conflict");
const methods = (server: ScriptedServer) => server.requests.map(({ method }) => method);

test("a decision goes to the status beside what was read, guarded by its version and uid", async () => {
  await using server = await start([requestWith([ready])], [stored]);
  const decision = await approveRequest({ transport: server.transport(), request, scheduler, ...why });
  const added = { type: "Approved", status: "True", ...why, lastTransitionTime: "2026-05-01T12:00:00Z" };
  expect(decision).toMatchObject({ written: true, condition: added });
  const write = server.requests.at(-1);
  expect(write).toMatchObject({
    method: "PUT",
    path: "/apis/cert-manager.io/v1/namespaces/team/certificaterequests/web-1/status",
  });
  expect(JSON.parse(write?.body ?? "")).toEqual(requestWith([ready, added as never]));
});

test("of Kubernetes' own requests it goes to `approval`", async () => {
  await using server = await start(
    [{ ...requestWith([]), spec: { signerName: "a.b/c", request: "" } }],
    [stored],
  );
  const csr = { kind: "CertificateSigningRequest", name: "web-1" } as const;
  await denyRequest({ transport: server.transport(), request: csr, scheduler, ...why });
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests/web-1";
  expect(server.requests.map((each) => each.path)).toEqual([path, `${path}/approval`]);
});

describe("what is there already", () => {
  const decide = { Approved: approveRequest, Denied: denyRequest };
  const statuses = ["True", "False", "Unknown"] as const;
  const pairs = statuses.flatMap((status) => [
    ["Approved", "Approved", status] as const,
    ["Approved", "Denied", status] as const,
    ["Denied", "Approved", status] as const,
    ["Denied", "Denied", status] as const,
  ]);
  test.each(pairs)("%s is wanted, %s is %s: nothing is ever written", async (wanted, there, status) => {
    await using server = await start([requestWith([condition(there, status)])], [stored]);
    const result = decide[wanted]({ transport: server.transport(), request, scheduler, ...why });
    if (wanted === there)
      expect(await result).toMatchObject({ written: false, condition: { type: there, status } });
    else await expect(result).rejects.toMatchObject({ code: "APPROVAL", failure: "decided" });
    expect(methods(server)).toEqual(["GET"]);
  });
});

test("after a conflict the request is read again: what another has decided meanwhile stands", async () => {
  await using server = await start([requestWith([]), requestWith([condition("Denied", "True")])], [conflict]);
  const result = approveRequest({ transport: server.transport(), request, scheduler, ...why });
  await expect(result).rejects.toMatchObject({ failure: "decided" });
  expect(methods(server)).toEqual(["GET", "PUT", "GET"]);
});

test("after a conflict that was about something else the decision is written with the new version", async () => {
  const later = requestWith([ready], { resourceVersion: "9" });
  await using server = await start([requestWith([]), later], [conflict, stored]);
  const decision = await approveRequest({ transport: server.transport(), request, scheduler, ...why });
  expect(decision.object.metadata.resourceVersion).toBe("9");
  expect(decision.object.status?.conditions?.map(({ type }) => type)).toEqual(["Ready", "Approved"]);
});

test("a request that was deleted and made again between two tries is left alone", async () => {
  await using server = await start([requestWith([]), requestWith([], { uid: "uid-2" })], [conflict]);
  const result = approveRequest({ transport: server.transport(), request, scheduler, ...why });
  await expect(result).rejects.toBeInstanceOf(ApprovalError);
  await expect(result).rejects.toMatchObject({ failure: "replaced" });
  expect(methods(server)).toEqual(["GET", "PUT", "GET"]);
});

test("a refusal is not tried again", async () => {
  await using server = await start([requestWith([])], [(response) => failure(response, 403, "Forbidden")]);
  const result = approveRequest({ transport: server.transport(), request, scheduler, ...why });
  await expect(result).rejects.toMatchObject({ code: "KUBE_API", status: 403 });
  expect(methods(server)).toEqual(["GET", "PUT"]);
});

test.each(["", "two words", "9lives", "Ends-", "x".repeat(1025)])("`%s` is no reason", async (reason) => {
  await using server = await start([requestWith([])], [stored]);
  const result = approveRequest({ transport: server.transport(), request, scheduler, ...why, reason });
  await expect(result).rejects.toThrow("Expected `reason`");
  expect(server.requests).toEqual([]);
});

import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { EventRecorder, type EventRecorderOptions } from "./event-recorder.ts";
import { failure, json, type Script, ScriptedServer } from "./scripted-server-fixture.ts";

const subject = {
  apiVersion: "cert-manager.io/v1",
  kind: "CertificateRequest",
  metadata: { name: "web-1", namespace: "team", uid: "u-1" },
};
const retrying = {
  type: "Warning",
  reason: "RetryableError",
  action: "SyncFailed",
  note: "PKI is down",
} as const;

/** The recorder's time is the test's; the transport's is real. */
async function harness(
  script: Script = (response) => json(response, 201, {}),
  options: Partial<EventRecorderOptions> = {},
) {
  const server = await ScriptedServer.start(script);
  const scheduler = new ManualScheduler(() => 0.5);
  const drops: [string, unknown][] = [];
  const recorder = new EventRecorder({
    transport: server.transport(),
    reportingController: "acme.example.com/issuer",
    reportingInstance: "pod-1",
    onDrop: (reason, error) => drops.push([reason, error]),
    scheduler,
    ...options,
  });
  return {
    server,
    scheduler,
    recorder,
    drops,
    get writes() {
      return server.requests.map(({ method, body }) => ({ method, ...JSON.parse(body) }));
    },
    /** Moves time on and waits until all that is due has been answered. */
    async advance(ms: number) {
      await scheduler.advance(ms);
      await expect.poll(() => recorder.busy).toBe(false);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([recorder.stop({ flushMs: 0 }), scheduler.advance(10_000)]);
      await server[Symbol.asyncDispose]();
    },
  };
}

test("the first occurrence is created as an events.k8s.io/v1 Event beside its subject", async () => {
  await using kit = await harness();
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  const [request] = kit.server.requests;
  expect(request).toMatchObject({ method: "POST", path: "/apis/events.k8s.io/v1/namespaces/team/events" });
  expect(kit.writes[0]).toEqual({
    method: "POST",
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: expect.stringMatching(/^web-1\.[0-9a-f]+$/), namespace: "team" },
    eventTime: "1970-01-01T00:00:00.000000Z",
    reportingController: "acme.example.com/issuer",
    reportingInstance: "pod-1",
    regarding: { ...subject, metadata: undefined, name: "web-1", namespace: "team", uid: "u-1" },
    ...retrying,
  });
});

test("events about cluster-scoped objects live in the namespace default", async () => {
  await using kit = await harness();
  const { namespace: _, ...metadata } = subject.metadata;
  kit.recorder.record({ ...subject, metadata }, retrying);
  await kit.advance(0);
  expect(kit.server.requests[0]?.path).toBe("/apis/events.k8s.io/v1/namespaces/default/events");
  expect(kit.writes[0]).toMatchObject({ metadata: { namespace: "default" }, regarding: { name: "web-1" } });
  expect(kit.writes[0].regarding).not.toHaveProperty("namespace");
});

test("repeats become a series, written at most every 10 s with the full count", async () => {
  await using kit = await harness();
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  for (let i = 0; i < 5; i += 1) {
    kit.recorder.record(subject, retrying);
    await kit.advance(1_000);
  }
  expect(kit.writes).toHaveLength(1);
  await kit.advance(5_000);
  const { name } = kit.writes[0].metadata;
  expect(kit.server.requests[1]).toMatchObject({
    method: "PATCH",
    path: `/apis/events.k8s.io/v1/namespaces/team/events/${name}`,
    headers: { "content-type": "application/merge-patch+json" },
  });
  expect(kit.writes[1]).toEqual({
    method: "PATCH",
    series: { count: 6, lastObservedTime: "1970-01-01T00:00:04.000000Z" },
  });
  await kit.advance(60_000);
  expect(kit.writes).toHaveLength(2);
});

test("another note, reason, action, type or subject is another event", async () => {
  await using kit = await harness();
  kit.recorder.record(subject, retrying);
  kit.recorder.record(subject, { ...retrying, note: "PKI refuses the token" });
  kit.recorder.record(subject, { ...retrying, reason: "Other" });
  kit.recorder.record(subject, { ...retrying, action: "Other" });
  kit.recorder.record(subject, { ...retrying, type: "Normal" });
  kit.recorder.record({ ...subject, metadata: { ...subject.metadata, uid: "u-2" } }, retrying);
  await kit.advance(0);
  expect(kit.writes.map(({ method }) => method)).toEqual(Array(6).fill("POST"));
  expect(kit.writes.map(({ note }) => note)).toContain("PKI refuses the token");
});

test("after six quiet minutes the same is a new event", async () => {
  await using kit = await harness();
  kit.recorder.record(subject, retrying);
  await kit.advance(6 * 60_000);
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  expect(kit.writes.map(({ method }) => method)).toEqual(["POST", "POST"]);
});

test("a series whose event has expired at the server is created anew, with its count", async () => {
  await using kit = await harness((response, { method }) =>
    method === "PATCH" ? failure(response, 404, "NotFound") : json(response, 201, {}),
  );
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  kit.recorder.record(subject, retrying);
  await kit.advance(10_000);
  expect(kit.writes.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
  expect(kit.writes[2].series).toMatchObject({ count: 2 });
});

test("trouble of the server is retried with a back-off that repeats do not shorten", async () => {
  let fails = true;
  await using kit = await harness((response) =>
    fails ? failure(response, 503, "ServiceUnavailable") : json(response, 201, {}),
  );
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  for (let i = 0; i < 20; i += 1) kit.recorder.record(subject, retrying);
  await kit.advance(499);
  expect(kit.writes).toHaveLength(1);
  fails = false;
  await kit.advance(1);
  expect(kit.writes).toHaveLength(2);
  expect(kit.writes[1].series).toMatchObject({ count: 21 });
  expect(kit.drops).toEqual([]);
});

test("what cannot be sent for long is dropped and counted", async () => {
  await using kit = await harness((response) => failure(response, 500, "InternalError"), {
    limits: { tries: 3 },
  });
  kit.recorder.record(subject, retrying);
  for (let i = 0; i < 10; i += 1) await kit.advance(10_000);
  expect(kit.writes).toHaveLength(3);
  expect(kit.drops).toMatchObject([["unsent", { status: 500 }]]);
  expect([kit.recorder.dropped, kit.recorder.pending]).toEqual([1, 0]);
});

test("what the server refuses is dropped at once and counted", async () => {
  await using kit = await harness((response) => failure(response, 403, "Forbidden"));
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  expect(kit.drops).toMatchObject([["refused", { status: 403 }]]);
  expect(kit.recorder.pending).toBe(0);
});

test("a 409 on creation means that an earlier try arrived", async () => {
  await using kit = await harness((response) => failure(response, 409, "AlreadyExists"));
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  expect(kit.recorder.dropped).toBe(0);
  expect(kit.recorder.pending).toBe(0);
});

test("the queue is bounded: what does not fit is dropped and counted", async () => {
  await using kit = await harness(() => {}, { limits: { queueLength: 10 } });
  for (let i = 0; i < 25; i += 1) kit.recorder.record(subject, { ...retrying, note: `note ${i}` });
  expect(kit.recorder.pending).toBe(10);
  expect(kit.recorder.dropped).toBe(15);
  expect(kit.drops.every(([reason]) => reason === "full")).toBe(true);
});

test("a hook that throws does not reach the caller", async () => {
  await using kit = await harness(() => {}, {
    limits: { queueLength: 0 },
    onDrop: () => {
      throw new Error("bad hook");
    },
  });
  expect(() => kit.recorder.record(subject, retrying)).not.toThrow();
});

test("a name of 253 characters still gives a valid event name", async () => {
  await using kit = await harness();
  const name = `${"a".repeat(230)}.${"b".repeat(22)}`;
  kit.recorder.record({ ...subject, metadata: { ...subject.metadata, name } }, retrying);
  await kit.advance(0);
  expect(kit.writes[0].metadata.name).toHaveLength(253);
  expect(kit.writes[0].metadata.name).toMatch(/[a-z0-9]\.[0-9a-f]+$/);
});

test("stop sends what waits, counts included, and then records nothing more", async () => {
  await using kit = await harness();
  kit.recorder.record(subject, retrying);
  await kit.advance(0);
  kit.recorder.record(subject, retrying);
  kit.recorder.record(subject, { ...retrying, note: "last words" });
  await kit.recorder.stop();
  expect(kit.writes.slice(1)).toMatchObject([{ series: { count: 2 } }, { note: "last words" }]);
  kit.recorder.record(subject, { ...retrying, note: "after the end" });
  expect(kit.recorder.pending).toBe(0);
});

test("stop does not wait longer than it is told for a server that does not answer", async () => {
  await using kit = await harness(() => {});
  kit.recorder.record(subject, retrying);
  await kit.scheduler.advance(0);
  const stopped = kit.recorder.stop({ flushMs: 100 });
  await kit.scheduler.advance(100);
  await kit.scheduler.advance(0);
  await stopped;
  await expect.poll(() => kit.server.open).toBe(0);
});

import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCsr, newPrivateKey, parseCsr, type SignRequest } from "@countersign/issuer-signer";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Lifecycle, type RequestStep } from "../lifecycle/lifecycle.ts";
import { type AuditLogOptions, auditLog } from "./audit-log.ts";
import { auditLine, maxAuditLineBytes } from "./audit-record.ts";
import { fileSink } from "./file-sink.ts";
import type { LineSink } from "./line-sink.ts";
import { LineWriter } from "./line-writer.ts";
import { answered, signed, step, written } from "./steps-fixture.ts";

const clock = () => Date.parse("2026-05-01T12:00:00Z");
let signRequest: SignRequest;
beforeAll(async () => {
  const csr = await buildCsr({
    key: newPrivateKey({ name: "EC", curve: "P-256" }),
    commonName: "web",
    dnsNames: ["a.example.com", "b.example.com"],
  });
  const parsedCsr = parseCsr(csr);
  // Only what the audit log looks at.
  signRequest = { csr, parsedCsr } as SignRequest;
});

/** A sink in memory; `fail` decides what a write throws. */
function memorySink() {
  const sink = {
    text: "",
    reopened: 0,
    closed: false,
    fail: undefined as Error | undefined,
    /** Resolves before each write. */
    gate: Promise.resolve(),
    async write(text: string) {
      await sink.gate;
      if (sink.fail !== undefined) throw sink.fail;
      sink.text += text;
    },
    async reopen() {
      sink.reopened += 1;
    },
    async close() {
      sink.closed = true;
    },
    get lines() {
      return sink.text.split("\n").slice(0, -1);
    },
  };
  return sink satisfies LineSink;
}

function setUp(options: Partial<AuditLogOptions> = {}) {
  const lifecycle = new Lifecycle();
  const sink = memorySink();
  const log = auditLog(lifecycle, { sink, instance: "pod-1", clock, ...options });
  const troubles: unknown[] = [];
  let lost = 0;
  lifecycle.on("trouble", ({ where, error }) => troubles.push([where, error]));
  lifecycle.on("audit:lost", ({ lines }) => {
    lost += lines;
  });
  return { lifecycle, sink, log, troubles, lost: () => lost };
}

describe("the audit log", () => {
  test("writes one line per decision, with who, what, by whose approval, which attempt and which serial", async () => {
    const { lifecycle, sink, log } = setUp();
    lifecycle.announce("request:signing", { ...step(), attemptId: "attempt-1", signRequest });
    lifecycle.announce("request:answered", answered());
    lifecycle.announce("request:signed", signed());
    lifecycle.announce("request:issued", written("Issued", "Succeeded"));
    await log.stop();
    const [first, second, ...more] = sink.lines.map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    const common = {
      time: "2026-05-01T12:00:00.000Z",
      request: { kind: "CertificateRequest", namespace: "team", name: "web-1", uid: "uid-1" },
      issuer: { group: "pki.example.com", kind: "AcmeIssuer", namespace: "team", name: "acme" },
      requester: {
        username: "system:serviceaccount:cert-manager:cert-manager",
        uid: "u-9",
        groups: ["system:authenticated"],
      },
      approval: {
        approved: true,
        reason: "policy.cert-manager.io",
        message: "Approved by CertificateRequestPolicy: web",
      },
      attempt: "attempt-1",
      csr: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), subject: "CN=web", names: 2 },
      serial: "0a1b2c",
      notAfter: "2026-08-01T00:00:00.000Z",
      reconcile: 7,
      instance: "pod-1",
    };
    expect(first).toEqual({ ...common, event: "signed" });
    expect(second).toEqual({ ...common, event: "issued", reason: "Issued", message: "Succeeded" });
    expect(sink.text).not.toContain("BEGIN");
    expect(sink.closed).toBe(true);
  });

  test("tells of every kind of decision, and of retries and waits not", async () => {
    const { lifecycle, sink, log } = setUp();
    lifecycle.announce("request:waiting", written("WaitingForIssuerReady", "w"));
    lifecycle.announce("request:retrying", written("RetryableError", "r"));
    lifecycle.announce("request:pending", written("Pending", "p"));
    lifecycle.announce("request:possibleDuplicate", written("PossibleDuplicate", "d"));
    lifecycle.announce("request:answered", answered({ outcome: "error", code: "RETRYABLE", message: "m" }));
    lifecycle.announce(
      "request:answered",
      answered({ outcome: "error", code: "BAD_CERTIFICATE", message: "another key" }),
    );
    lifecycle.announce("request:failed", written("PermanentError", "f"));
    lifecycle.announce("request:denied", written("PermanentError", "n"));
    lifecycle.announce("request:abandoned", { ...step(undefined), message: "deleted" });
    await log.stop();
    expect(
      sink.lines
        .map((line) => JSON.parse(line))
        .map(({ event, reason, message }) => [event, reason, message]),
    ).toEqual([
      ["pending", "Pending", "p"],
      ["possibleDuplicate", "PossibleDuplicate", "d"],
      ["refused", "BAD_CERTIFICATE", "another key"],
      ["failed", "PermanentError", "f"],
      ["denied", "PermanentError", "n"],
      ["abandoned", undefined, "deleted"],
    ]);
  });

  test("tells of a certificate that is used again what it tells of one that is signed", async () => {
    const { lifecycle, sink, log } = setUp();
    const attemptId = "attempt-1";
    const reused = { ...written("Reused", "again"), attemptId, signRequest, serial: "0a1b2c", notAfterMs: 0 };
    lifecycle.announce("request:reused", reused);
    lifecycle.announce("request:issued", written("Issued", "i"));
    await log.stop();
    const lines = sink.lines.map((line) => JSON.parse(line));
    expect(lines.map(({ event, reason }) => [event, reason])).toEqual([
      ["reused", "Reused"],
      ["issued", "Issued"],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        serial: "0a1b2c",
        attempt: attemptId,
        notAfter: "1970-01-01T00:00:00.000Z",
      });
      expect(line.csr.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test("keeps the facts of one request from those of another", async () => {
    const { lifecycle, sink, log } = setUp();
    lifecycle.announce("request:signed", signed(step(undefined, "uid-1")));
    lifecycle.announce("request:denied", written("PermanentError", "n", step(undefined, "uid-2")));
    lifecycle.announce("request:issued", written("Issued", "i", step(undefined, "uid-1")));
    // Finished and created anew under the same uid cannot be: nothing is kept.
    lifecycle.announce("request:issued", written("Issued", "i", step(undefined, "uid-1")));
    await log.stop();
    expect(sink.lines.map((line) => JSON.parse(line).serial)).toEqual([
      "0a1b2c",
      undefined,
      "0a1b2c",
      undefined,
    ]);
  });

  test("escapes what would start a new line or change a terminal", async () => {
    const { lifecycle, sink, log } = setUp();
    const nasty = 'a\r\n{"event":"issued"}\u001b[2J\u009b31m\u2028\u202e\u0000\u007f"\\\ud800';
    const evil: RequestStep = { ...step(), requester: { username: nasty, groups: [nasty] } };
    lifecycle.announce("request:denied", written("PermanentError", nasty, evil));
    await log.stop();
    expect(sink.lines).toHaveLength(1);
    expect(sink.text.slice(0, -1)).toMatch(/^[\x20-\x7e]+$/);
    const line = JSON.parse(sink.lines[0] ?? "");
    expect(line.event).toBe("denied");
    expect(line.requester.username).toBe(nasty);
    expect(line.message).toBe(nasty);
  });

  test("has lines of at most 8 KiB, whatever comes, and says what was left off", () => {
    const wild = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.constantFrom("\u0000", '"', "\\", "\u009b", "é", "𝕏", "a").map((unit) => unit.repeat(5_000)),
    );
    fc.assert(
      fc.property(fc.array(wild, { minLength: 16, maxLength: 16 }), fc.nat(3_000), (texts, groups) => {
        const text = (at: number) => texts[at] ?? "";
        const of: RequestStep = {
          request: { kind: "CertificateSigningRequest", namespace: text(0), name: text(1), uid: text(2) },
          issuer: { group: text(3), kind: text(4), namespace: text(5), name: text(6) },
          reconcile: Number.MAX_SAFE_INTEGER,
          requester: {
            username: text(7),
            uid: text(8),
            groups: Array.from({ length: groups }, (_, at) => text(at % 16)),
          },
          approval: { approved: false, reason: text(9), message: text(10) },
        };
        const line = auditLine(8.64e15, text(11), "possibleDuplicate", of, {
          attempt: "a".repeat(36),
          csr: { sha256: "f".repeat(64), subject: text(12), names: 10_000 },
          serial: text(13),
          notAfter: new Date(8.64e15).toISOString(),
          reason: text(14),
          message: text(15),
        });
        expect(Buffer.byteLength(line) + 1).toBeLessThanOrEqual(maxAuditLineBytes);
        const { requester } = JSON.parse(line);
        expect(requester.groups.length + (requester.groupsLeftOff ?? 0)).toBe(groups);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps the order, one write at a time, and makes nobody wait", async () => {
    const { lifecycle, sink, log } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.gate = promise;
    for (let at = 0; at < 1_000; at += 1) lifecycle.announce("request:denied", written("Denied", String(at)));
    expect(sink.text).toBe("");
    resolve();
    await log.stop();
    expect(sink.lines.map((line) => Number(JSON.parse(line).message))).toEqual(
      Array.from({ length: 1_000 }, (_, at) => at),
    );
  });

  test("reports a sink that fails once, counts every lost line, and goes on when it recovers", async () => {
    const { lifecycle, sink, log, troubles, lost } = setUp();
    const announce = async (message: string) => {
      lifecycle.announce("request:denied", written("Denied", message));
      await new Promise((done) => setImmediate(done));
    };
    sink.fail = new Error("ENOSPC");
    for (let at = 0; at < 5; at += 1) await announce("lost");
    sink.fail = undefined;
    await announce("kept");
    sink.fail = new Error("EIO");
    await announce("lost");
    await log.stop();
    expect(sink.lines.map((line) => JSON.parse(line).message)).toEqual(["kept"]);
    expect(lost()).toBe(6);
    expect(troubles).toEqual([
      ["audit log", new Error("ENOSPC")],
      ["audit log", new Error("EIO")],
    ]);
  });

  test("bounds what waits for a sink that hangs", async () => {
    const { lifecycle, sink, log, lost } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.gate = promise;
    for (let at = 0; at < 6_000; at += 1) lifecycle.announce("request:denied", written("Denied", "d"));
    expect(lost()).toBe(6_000 - 1 - 4_096);
    resolve();
    await log.stop();
    expect(sink.lines.length + lost()).toBe(6_000);
  });
});

test("a writer whose sink hangs ends its flush in time and counts what is lost", async () => {
  const failures: unknown[] = [];
  let lost = 0;
  const sink = memorySink();
  sink.gate = new Promise<never>(() => {});
  const writer = new LineWriter({
    sink,
    flushMs: 20,
    onFailure: (error) => failures.push(error),
    onLost: (lines) => {
      lost += lines;
    },
  });
  for (let at = 0; at < 10; at += 1) writer.write("line");
  await writer.flush();
  // The first line is in the sink's hands, and nobody can say what becomes of it.
  expect(lost).toBe(9);
  expect(failures).toMatchObject([{ message: "the sink did not take the last lines in time" }]);
});

describe("the file of the audit log", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-audit-"));
    path = join(folder, "audit.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("is its owner's alone, and appended to", async () => {
    const first = await fileSink(path);
    await first.write("a\n");
    await first.close();
    const second = await fileSink(path);
    await second.write("b\n");
    await second.close();
    expect(await readFile(path, "utf8")).toBe("a\nb\n");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("is opened anew after a rotation; no line is lost or torn", async () => {
    const lifecycle = new Lifecycle();
    const log = auditLog(lifecycle, { sink: await fileSink(path), instance: "i" });
    const write = (from: number, to: number) => {
      for (let at = from; at < to; at += 1)
        lifecycle.announce("request:denied", written("Denied", String(at)));
    };
    write(0, 500);
    await rename(path, `${path}.1`);
    write(500, 1_000);
    await log.reopen();
    write(1_000, 1_500);
    await log.stop();
    const messages = async (file: string) =>
      (await readFile(file, "utf8"))
        .split("\n")
        .slice(0, -1)
        .map((line) => Number(JSON.parse(line).message));
    const [old, fresh] = [await messages(`${path}.1`), await messages(path)];
    expect(fresh.at(-1)).toBe(1_499);
    expect([...old, ...fresh]).toEqual(Array.from({ length: 1_500 }, (_, at) => at));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("stays the old one where the new one cannot be opened, which is reported", async () => {
    const lifecycle = new Lifecycle();
    const troubles: unknown[] = [];
    lifecycle.on("trouble", ({ where }) => troubles.push(where));
    const log = auditLog(lifecycle, { sink: await fileSink(path), instance: "i" });
    await rename(folder, `${folder}.moved`);
    await log.reopen();
    lifecycle.announce("request:denied", written("Denied", "kept"));
    await log.stop();
    await rename(`${folder}.moved`, folder);
    expect(troubles).toEqual(["audit log"]);
    expect(JSON.parse(await readFile(path, "utf8")).message).toBe("kept");
  });

  test("begins a new line after a write that was cut", async () => {
    let content = "";
    let room = 5;
    const sink = await fileSink(path, async () => ({
      async write(bytes, offset) {
        if (room === 0) throw new Error("ENOSPC");
        const part = Buffer.from(bytes.subarray(offset, offset + room)).toString();
        room -= part.length;
        content += part;
        return { bytesWritten: part.length };
      },
      async close() {},
    }));
    await expect(sink.write("first line\n")).rejects.toThrow("ENOSPC");
    // Nothing of this one arrives, so the line that was cut is still the last.
    await expect(sink.write("second\n")).rejects.toThrow("ENOSPC");
    room = 1_000;
    await sink.write("third\n");
    await sink.write("fourth\n");
    expect(content).toBe("first\nthird\nfourth\n");
  });

  test("tells of a full disk", async () => {
    const sink = await fileSink("/dev/full");
    await expect(sink.write("a\n")).rejects.toThrow("ENOSPC");
    await sink.close();
  });
});

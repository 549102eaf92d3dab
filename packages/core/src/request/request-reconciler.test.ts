import {
  buildCertificate,
  buildCsr,
  cannotTell,
  deterministicSerial,
  IssuerError,
  type IssuerLimits,
  issued,
  newPrivateKey,
  newSelfSignedCa,
  PermanentError,
  parseCsr,
  pending,
  RetryableError,
  type Signer,
  type SignRequest,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import { NotLeaderError } from "../leader/not-leader-error.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import type { AttemptLimits } from "./conclude.ts";
import { matchIssuer } from "./match-issuer.ts";
import { approved, condition, group, now, readyIssuer, requestWith } from "./request-fixtures.ts";
import { RequestReconciler } from "./request-reconciler.ts";
import { type RequestStatus, readAttempt, requestStatus } from "./request-status.ts";
import type { CertificateRules } from "./verify-outcome.ts";

const ca = newSelfSignedCa({
  commonName: "Test CA",
  notBefore: new Date(now - 86_400_000),
  notAfter: new Date(now + 400 * 86_400_000),
});
let csr = "";

const key = newPrivateKey({ name: "EC", curve: "P-256" });

beforeAll(async () => {
  csr = await buildCsr({
    key,
    commonName: "web",
    dnsNames: ["web.example.com"],
  });
});

async function chainFor(
  request: SignRequest,
  more: { csr?: SignRequest["parsedCsr"]; isCA?: boolean; beginsMs?: number } = {},
): Promise<string> {
  const certificate = await buildCertificate({
    csr: more.csr ?? request.parsedCsr,
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: deterministicSerial("1"),
    notBefore: new Date(now + (more.beginsMs ?? 0)),
    notAfter: new Date(now + request.durationSeconds * 1000),
    isCA: more.isCA ?? false,
    usages: more.isCA ? [] : request.usages,
  });
  return ca.certificate.pem + certificate.pem;
}

interface FixtureOptions {
  readonly connected?: boolean;
  readonly idempotent?: boolean;
  readonly find?: NonNullable<Signer<unknown>["find"]>;
  readonly possibleDuplicate?: "sign" | "fail";
  readonly limits?: Partial<AttemptLimits>;
  readonly rules?: Partial<CertificateRules>;
  readonly ofIssuer?: IssuerLimits;
  /** One that other requests have been signed with before. */
  readonly connection?: IssuerConnection;
}

function connectionOf(signer: Signer<unknown>, limits: IssuerLimits = {}) {
  const reports = { begin() {}, end() {} };
  return new IssuerConnection({ version: "v1", signer, reports, limits, close: async () => {} });
}

/** A reconciler over one request; `apply` decides what a status write does. */
function fixture(sign: Signer<unknown>["sign"], more: FixtureOptions = {}) {
  const { idempotent = true, find } = more;
  const signer: Signer<unknown> = { idempotent, check: async () => {}, sign, ...(find && { find }) };
  const connection = more.connection ?? connectionOf(signer, more.ofIssuer);
  const world = {
    request: undefined as CertificateRequest | undefined,
    now,
    writes: [] as RequestStatus[],
    reported: [] as unknown[],
    steps: [] as string[],
    connected: more.connected ?? true,
    /** Whether a confirmed write shows in the cache at once. */
    cacheFollows: true,
    apply: async (): Promise<"written" | "gone"> => "written",
    /** What the API server has, where the cache is behind. */
    actual: undefined as CertificateRequest | undefined,
    fence: () => {},
    issuer: readyIssuer as IssuerObject | undefined,
    ignored: new Set<string>(),
    ignores: (_request: CertificateRequest): boolean => false,
  };
  const lifecycle = new Lifecycle();
  for (const name of [
    "request:signing",
    "request:signed",
    "request:issued",
    "request:pending",
    "request:failed",
    "request:retrying",
    "request:waiting",
    "request:denied",
    "request:possibleDuplicate",
    "request:differs",
    "request:reused",
  ] as const) {
    lifecycle.on(name, () => world.steps.push(name));
  }
  const definition = defineIssuer({
    group,
    version: "v1alpha1",
    kinds: { namespaced: "AcmeIssuer" },
    spec: z.object({}),
    operation: z.object({ id: z.string() }),
    connect: () => {
      throw new Error("not used");
    },
  });
  const reconciler = new RequestReconciler({
    definition,
    lifecycle,
    scheduler: systemScheduler,
    signTimeoutMs: 50,
    limits: { retryForMs: 3_600_000, pendingForMs: 7_200_000, ...more.limits },
    rules: { publishCa: true, excess: "refuse", maxBackdateMs: 86_400_000, ...more.rules },
    possibleDuplicate: more.possibleDuplicate ?? "sign",
    clock: () => world.now,
    ignored: world.ignored,
    ports: {
      request: () => world.request,
      match: (request) => matchIssuer(definition, request),
      authorize: async () => {},
      enter: () => ({ leave: () => {} }),
      issuer: () => world.issuer,
      ignores: async (request) => world.ignores(request),
      connection: () => (world.connected ? connection : undefined),
      reportIssuer: (_, error) => world.reported.push(error),
      backsOff: () => {},
      fence: () => world.fence(),
      reread: async () => world.actual ?? world.request,
      async applyStatus(request, status) {
        if ((await world.apply()) === "gone") return undefined;
        world.writes.push(status);
        const others = (request.status?.conditions ?? []).filter(({ type }) =>
          ["Approved", "Denied"].includes(type),
        );
        const resourceVersion = String(Number(request.metadata.resourceVersion) + 1);
        const metadata = { ...request.metadata, resourceVersion };
        const conditions = [...others, ...status.conditions];
        const after = { ...request, metadata, status: { ...status, conditions } };
        world.actual = after;
        if (world.cacheFollows) world.request = after;
        return after;
      },
    },
  });
  const base = requestWith([approved]);
  world.request = { ...base, spec: { ...base.spec, request: Buffer.from(csr).toString("base64") } };
  const look = () => reconciler.reconcile("team/web-1", new AbortController().signal, (call) => call());
  return { world, look, reconciler, lifecycle, connection };
}

describe("RequestReconciler", () => {
  test("success-issuer: one write with the ordered chain, the CA and Ready=True/Issued", async () => {
    const { world, look } = fixture(async (request) => issued({ chain: await chainFor(request) }));
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes).toHaveLength(1);
    const [status] = world.writes;
    expect(status?.conditions).toMatchObject([{ type: "Ready", status: "True", reason: "Issued" }]);
    expect(Buffer.from(status?.ca ?? "", "base64").toString()).toBe(ca.certificate.pem);
    expect(
      Buffer.from(status?.certificate ?? "", "base64")
        .toString()
        .match(/BEGIN/g),
    ).toHaveLength(1);
    expect(world.steps).toEqual(["request:signing", "request:signed", "request:issued"]);
  });

  test("hands the signer what the request asks for", async () => {
    let seen: SignRequest | undefined;
    const { look } = fixture(async (request) => {
      seen = request;
      return issued({ chain: await chainFor(request) });
    });
    await look();
    expect(seen).toMatchObject({
      uid: "uid-1",
      namespace: "team",
      name: "web-1",
      csr,
      durationSeconds: 7_776_000,
      isCA: false,
      usages: ["digital signature", "key encipherment"],
      approvedAt: Date.parse(approved.lastTransitionTime) / 1000,
    });
  });

  test("a failed write is repeated without asking the PKI again", async () => {
    let signs = 0;
    const { world, look } = fixture(async (request) => {
      signs += 1;
      return issued({ chain: await chainFor(request) });
    });
    world.apply = async () => {
      throw new Error("the API server is down");
    };
    await expect(look()).rejects.toThrow("down");
    await expect(look()).rejects.toThrow("down");
    world.apply = async () => "written";
    await look();
    expect(signs).toBe(1);
    expect(world.writes).toHaveLength(1);
    expect(world.writes[0]?.conditions[0]).toMatchObject({ reason: "Issued" });
  });

  test("a failed terminal write of a permanent error is repeated too", async () => {
    const { world, look } = fixture(async () => {
      throw new PermanentError("no");
    });
    world.apply = async () => {
      throw new Error("the API server is down");
    };
    await expect(look()).rejects.toThrow("down");
    world.apply = async () => "written";
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes[0]).toMatchObject({ failureTime: "2026-05-01T12:00:00Z" });
  });

  test("does not sign again while the cache has not seen the write", async () => {
    let signs = 0;
    const { world, look } = fixture(async (request) => {
      signs += 1;
      return issued({ chain: await chainFor(request) });
    });
    world.cacheFollows = false;
    await look();
    await look();
    expect(signs).toBe(1);
    expect(world.writes).toHaveLength(1);
  });

  test("a new request of the same name is a new request", async () => {
    let signs = 0;
    const { world, look } = fixture(async (request) => {
      signs += 1;
      return issued({ chain: await chainFor(request) });
    });
    const first = world.request;
    await look();
    if (first !== undefined) world.request = { ...first, metadata: { ...first.metadata, uid: "uid-2" } };
    await look();
    expect(signs).toBe(2);
  });

  test("a request that is gone at the write is forgotten", async () => {
    const { world, look } = fixture(async (request) => issued({ chain: await chainFor(request) }));
    world.apply = async () => "gone";
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.steps).not.toContain("request:issued");
  });

  test("pending: the operation comes back at the next look, parsed, with the same attempt id", async () => {
    const seen: unknown[] = [];
    const attempts = new Set<string>();
    const { world, look } = fixture(async (request, { operation, attemptId }) => {
      seen.push(operation);
      attempts.add(attemptId);
      return operation === undefined
        ? pending({ operation: { id: "42" }, retryAfterMs: 5000 })
        : issued({ chain: await chainFor(request) });
    });
    expect(await look()).toEqual({ kind: "again", afterMs: 5000 });
    expect(await look()).toMatchObject({ kind: "again", afterMs: 5000 });
    world.now += 5000;
    await look();
    expect(seen).toEqual([undefined, { id: "42" }]);
    expect(attempts.size).toBe(1);
    expect(world.writes.at(-1)?.conditions).toHaveLength(1);
  });

  test("pending: the operation is not lost while the cache has not seen it", async () => {
    const seen: unknown[] = [];
    const { world, look } = fixture(async (request, { operation }) => {
      seen.push(operation);
      return operation === undefined
        ? pending({ operation: { id: "42" }, retryAfterMs: 5000 })
        : issued({ chain: await chainFor(request) });
    });
    world.cacheFollows = false;
    await look();
    world.now += 5000;
    await look();
    expect(seen).toEqual([undefined, { id: "42" }]);
  });

  test("pending survives a restart: another process finds the operation on the request", async () => {
    const first = fixture(async () => pending({ operation: { id: "42" } }));
    await first.look();
    let operation: unknown;
    const second = fixture(async (request, context) => {
      operation = context.operation;
      return issued({ chain: await chainFor(request) });
    });
    second.world.request = first.world.request;
    await second.look();
    expect(operation).toEqual({ id: "42" });
  });

  test("an issuer's fault is reported to the issuer", async () => {
    const error = new IssuerError("token refused");
    const { world, look } = fixture(async () => Promise.reject(error));
    await look();
    expect(world.reported).toEqual([error]);
    expect(world.writes[0]?.conditions[0]).toMatchObject({ reason: "Pending" });
  });

  test("a signer that hangs ends at its deadline, and is tried again", async () => {
    const { world, look } = fixture(() => new Promise(() => {}));
    expect(await look()).toMatchObject({ kind: "again", afterMs: expect.any(Number) });
    expect(world.writes[0]?.conditions[0]?.message).toContain("took longer than 0.05 s");
  });

  test("a stop while signing writes nothing", async () => {
    const stop = new AbortController();
    const { world, reconciler } = fixture(() => new Promise(() => {}));
    const running = reconciler.reconcile("team/web-1", stop.signal, (call) => call());
    stop.abort(new Error("stopping"));
    await expect(running).rejects.toThrow("stopping");
    expect(world.writes).toEqual([]);
  });

  test("a CSR that is unacceptable fails without a call to the PKI", async () => {
    let signs = 0;
    const { world, look } = fixture(async () => {
      signs += 1;
      return pending({ operation: undefined });
    });
    if (world.request !== undefined)
      world.request = { ...world.request, spec: { ...world.request.spec, request: "ZG9v" } };
    await look();
    expect(signs).toBe(0);
    expect(world.writes[0]).toMatchObject({
      failureTime: expect.any(String),
      conditions: [{ reason: "Failed" }],
    });
  });

  test.each<[string, (request: SignRequest) => Promise<string>]>([
    ["nothing", async () => ""],
    ["another key's certificate", async () => ca.certificate.pem],
    ["a CA certificate that was not asked for", (request) => chainFor(request, { isCA: true })],
    ["a page of HTML", async () => "<html>"],
  ])("%s from the PKI never reaches the status", async (_, chain) => {
    const { world, look } = fixture(async (request) => issued({ chain: await chain(request) }));
    expect(await look()).toMatchObject({ kind: "again", afterMs: expect.any(Number) });
    expect(world.writes[0]?.certificate).toBeUndefined();
    expect(world.writes[0]?.conditions[0]).toMatchObject({ status: "False", reason: "Pending" });
  });

  test("only a signer's own request is touched: one of another group is not", async () => {
    const { world, look } = fixture(async (request) => issued({ chain: await chainFor(request) }));
    const { request } = world;
    if (request !== undefined) {
      world.request = {
        ...request,
        spec: {
          ...request.spec,
          issuerRef: { name: "acme", kind: "AcmeIssuer", group: "other.example.com" },
        },
      };
    }
    await look();
    expect(world.steps).toEqual([]);
    expect(world.writes).toEqual([]);
  });

  test("denied: written once, and never signed", async () => {
    const { world, look } = fixture(async () => Promise.reject(new Error("must not be called")));
    if (world.request !== undefined)
      world.request = { ...world.request, status: { conditions: [condition("Denied", "True")] } };
    await look();
    await look();
    expect(world.writes).toHaveLength(1);
    expect(world.steps).toEqual(["request:denied"]);
  });
});

describe("the limits of an attempt", () => {
  const reasonOf = (request: CertificateRequest | undefined) =>
    request?.status?.conditions?.find(({ type }) => type === "Ready")?.reason;

  test.each<[string, Signer<unknown>["sign"], Partial<AttemptLimits>]>([
    ["pending", async () => pending({ operation: { id: "42" } }), { pendingForMs: 600_000 }],
    ["trouble", () => Promise.reject(new Error("reset")), { retryForMs: 600_000 }],
  ])("%s that began before a restart counts from its beginning", async (_, sign, limits) => {
    for (const idempotent of [true, false]) {
      let request: CertificateRequest | undefined;
      // One process for each look, a minute apart.
      for (let minute = 0; minute <= 10; minute += 1) {
        const { world, look } = fixture(sign, { idempotent, limits, possibleDuplicate: "sign" });
        world.request = request ?? world.request;
        world.now = now + minute * 60_000;
        await look();
        request = world.request;
        expect(reasonOf(request)).toBe(minute < 10 ? "Pending" : "Failed");
      }
    }
  });

  test("a wait for the issuer does not use up the retry deadline, across restarts", async () => {
    const hour = 3_600_000;
    let request: CertificateRequest | undefined;
    async function process(at: number, issuer: IssuerObject | undefined) {
      const { world, look } = fixture(() => Promise.reject(new Error("reset")), {
        limits: { retryForMs: 2 * hour },
      });
      world.request = request ?? world.request;
      world.issuer = issuer;
      world.now = now + at;
      await look();
      request = world.request;
      return reasonOf(request);
    }
    expect(await process(0, readyIssuer)).toBe("Pending");
    expect(await process(hour, undefined)).toBe("Pending");
    expect(await process(20 * hour, undefined)).toBe("Pending");
    expect(await process(90 * hour, readyIssuer)).toBe("Pending");
    expect(await process(91 * hour - 1, readyIssuer)).toBe("Pending");
    expect(await process(91 * hour, readyIssuer)).toBe("Failed");
  });

  test("a write that the cache does not show yet is not undone by the next one", async () => {
    let calls = 0;
    const { world, look } = fixture(async () => {
      calls += 1;
      if (calls === 2) throw new Error("reset");
      return pending({ operation: { id: "42" }, retryAfterMs: 5000 });
    });
    world.cacheFollows = false;
    await look();
    world.now += 5000;
    await look();
    const record = world.actual && readAttempt(group, world.actual);
    expect(record).toMatchObject({ operation: { id: "42" }, times: { pendingSinceMs: now } });
  });
});

describe("a certificate that differs from the request", () => {
  test("is issued, and one warning says how, after the write is confirmed", async () => {
    const { world, look, lifecycle } = fixture(async (request) =>
      issued({ chain: await chainFor({ ...request, durationSeconds: 3600, usages: ["digital signature"] }) }),
    );
    const warnings: unknown[] = [];
    lifecycle.on("request:differs", ({ type, reason, message }) => warnings.push({ type, reason, message }));
    world.apply = () => Promise.reject(new Error("the API server is down"));
    await expect(look()).rejects.toThrow("down");
    expect(warnings).toEqual([]);
    world.apply = async () => "written";
    await look();
    await look();
    expect(world.steps.slice(-2)).toEqual(["request:issued", "request:differs"]);
    expect(warnings).toEqual([
      {
        type: "Warning",
        reason: "CertificateDiffers",
        message:
          "The certificate differs from the request. keyUsage: requested digital signature, key encipherment, issued digital signature; duration: requested 7776000s, issued 3600s",
      },
    ]);
    expect(world.writes).toHaveLength(1);
  });

  test("is refused where it has a name that nobody asked for, and issued where the operator lets it", async () => {
    const more = parseCsr(
      await buildCsr({ key, commonName: "web", dnsNames: ["web.example.com", "extra.example.com"] }),
    );
    const sign = async (request: SignRequest) => issued({ chain: await chainFor(request, { csr: more }) });
    const strict = fixture(sign);
    await strict.look();
    expect(strict.world.writes[0]?.certificate).toBeUndefined();
    expect(strict.world.writes[0]?.conditions[0]?.message).toContain("extra.example.com");
    const lax = fixture(sign, { rules: { excess: "warn" } });
    await lax.look();
    expect(lax.world.steps.slice(-2)).toEqual(["request:issued", "request:differs"]);
  });

  test("is refused where it is an old one, whether sign or find brings it", async () => {
    const old = async (request: SignRequest) =>
      issued({ chain: await chainFor(request, { beginsMs: -25 * 3_600_000 }) });
    const { world, look } = fixture(old, { idempotent: false, find: old });
    await look();
    world.now += 3_600_000 - 1;
    await look();
    expect(world.writes.map(({ certificate }) => certificate)).not.toContainEqual(expect.any(String));
    expect(world.writes.at(-1)?.conditions[0]?.message).toContain("cannot be older than");
    const lax = fixture(old, { rules: { maxBackdateMs: 48 * 3_600_000 } });
    await lax.look();
    expect(lax.world.steps).toContain("request:issued");
  });

  test("that is refused is asked for again ever more seldom: tens of times a day, not thousands", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async () => {
        signs += 1;
        return issued({ chain: ca.certificate.pem });
      },
      { limits: { retryForMs: 86_400_000 } },
    );
    while (world.now < now + 86_400_000 - 1) {
      const next = await look();
      if (next.kind !== "again") break;
      world.now += Math.max(1, next.afterMs);
    }
    expect(signs).toBeGreaterThan(12);
    expect(signs).toBeLessThan(150);
  });
});

describe("an identical request, where the issuer lets certificates be used again", () => {
  const ofIssuer = { reuseForMs: 60_000 };
  const sign = async (request: SignRequest) => issued({ chain: await chainFor(request) });

  /** What comes second, served by the same connection. */
  async function second(
    more: FixtureOptions = {},
    change: (request: CertificateRequest) => CertificateRequest = (same) => same,
  ) {
    const first = fixture(sign, { ofIssuer, ...more });
    await first.look();
    const next = fixture(sign, { ...more, connection: first.connection });
    const { request } = next.world;
    if (request !== undefined) {
      const metadata = { ...request.metadata, uid: "uid-2", name: "web-2" };
      next.world.request = change({ ...request, metadata });
    }
    return { ...next, first };
  }

  test("gets the certificate that is there, with one write, and is told so", async () => {
    const { world, look, first, lifecycle } = await second();
    const reused: unknown[] = [];
    lifecycle.on("request:reused", ({ type, reason, message, serial }) =>
      reused.push({ type, reason, message, serial }),
    );
    world.now += 59_999;
    await look();
    expect(world.writes).toHaveLength(1);
    expect(world.writes[0]?.certificate).toBe(first.world.writes[0]?.certificate);
    expect(world.writes[0]?.ca).toBe(first.world.writes[0]?.ca);
    expect(world.steps).toEqual(["request:reused", "request:issued"]);
    expect(reused).toEqual([
      {
        type: "Normal",
        reason: "Reused",
        message: "The certificate that was issued for the identical request team/web-1 is issued again.",
        serial: expect.stringMatching(/^[0-9a-f]+$/),
      },
    ]);
  });

  const toThePki = ["request:signing", "request:signed", "request:issued"];
  test.each<[string, FixtureOptions, (request: CertificateRequest) => CertificateRequest, number]>([
    ["the issuer does not say so", { ofIssuer: {} }, (same) => same, 0],
    ["it comes too late", {}, (same) => same, 60_000],
    ["it is of another namespace", {}, (r) => ({ ...r, metadata: { ...r.metadata, namespace: "other" } }), 0],
    ["it is of another requester", {}, (r) => ({ ...r, spec: { ...r.spec, username: "mallory" } }), 0],
    ["it asks for another duration", {}, (r) => ({ ...r, spec: { ...r.spec, duration: "1h" } }), 0],
  ])("goes to the PKI where %s", async (_, more, change, later) => {
    const { world, look } = await second(more, change);
    world.now += later;
    await look();
    expect(world.steps).toEqual(toThePki);
  });

  test("goes to the PKI where that may know the request already", async () => {
    const ready = { reason: "Pending", message: "The request is being signed." } as const;
    const { world, look } = await second({}, (request) => {
      const attempt = { attemptId: "a", operation: undefined, times: {} };
      const { conditions } = requestStatus({ group, request, now, ready, attempt });
      return { ...request, status: { conditions: [approved, ...conditions] } };
    });
    await look();
    expect(world.steps).toEqual(toThePki);
  });

  test("is left to another replica that has finished it since the cache saw it", async () => {
    const { world, look } = await second();
    const done = condition("Ready", "True", "Issued");
    if (world.request) world.actual = { ...world.request, status: { conditions: [approved, done] } };
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes).toEqual([]);
  });

  test("is not signed without an approval, however well its certificate is known", async () => {
    const { world, look } = await second({}, (request) => ({ ...request, status: { conditions: [] } }));
    await look();
    expect(world.writes).toEqual([]);
    expect(world.steps).toEqual([]);
  });

  test("begins anew with a new version of the issuer's spec or Secrets", async () => {
    const { world: before } = await second();
    const { world, look } = fixture(sign, { ofIssuer });
    if (before.request) world.request = before.request;
    await look();
    expect(world.steps).toEqual(toThePki);
  });
});

describe("a request that is left alone", () => {
  const sign = async (request: SignRequest) => issued({ chain: await chainFor(request) });

  test.each<[string, NonNullable<CertificateRequest["status"]>]>([
    ["approved", { conditions: [approved] }],
    ["denied", { conditions: [condition("Denied", "True")] }],
  ])(
    "is not written to and not signed, %s as it is, and is taken when the answer changes",
    async (_, status) => {
      const { world, look } = fixture(sign, { idempotent: false });
      if (world.request) world.request = { ...world.request, status };
      world.ignores = () => true;
      expect(await look()).toEqual({ kind: "settled" });
      expect(world.writes).toEqual([]);
      expect(world.steps).toEqual([]);
      expect([...world.ignored]).toEqual(["team/web-1"]);

      world.ignores = () => false;
      await look();
      expect(world.writes.at(-1)?.conditions[0]?.reason).toMatch(/Issued|Denied/);
      expect([...world.ignored]).toEqual([]);
    },
  );

  test("keeps a result that was not written yet, and writes it when the request is taken again", async () => {
    let signs = 0;
    const { world, look } = fixture((request) => {
      signs += 1;
      return sign(request);
    });
    world.apply = () => Promise.reject(new Error("the API server is down"));
    await expect(look()).rejects.toThrow("down");
    world.apply = async () => "written";
    world.ignores = () => true;
    await look();
    expect(world.writes).toEqual([]);
    world.ignores = () => false;
    await look();
    expect(world.writes).toHaveLength(1);
    expect(signs).toBe(1);
  });

  test("gets no record and no call when the request, read anew, turns out to be one", async () => {
    let signs = 0;
    const { world, look } = fixture(
      (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false },
    );
    if (world.request) {
      const { metadata } = world.request;
      world.actual = { ...world.request, metadata: { ...metadata, labels: { shard: "other" } } };
    }
    world.ignores = ({ metadata }) => metadata.labels?.shard === "other";
    await look();
    expect(world.writes).toEqual([]);
    expect(signs).toBe(0);
  });

  test("nothing is written when the answer fails, and it is asked again", async () => {
    const { world, look } = fixture(sign);
    world.ignores = () => {
      throw new Error("the hook is broken");
    };
    await expect(look()).rejects.toThrow("the hook is broken");
    expect(world.writes).toEqual([]);
    world.ignores = () => false;
    await look();
    expect(world.writes).toHaveLength(1);
  });

  test("nobody is asked about a finished request", async () => {
    const { world, look } = fixture(sign);
    if (world.request)
      world.request = { ...world.request, status: { conditions: [condition("Ready", "True", "Issued")] } };
    world.ignores = () => {
      throw new Error("must not be asked");
    };
    expect(await look()).toEqual({ kind: "settled" });
  });

  test("is forgotten when it is deleted", async () => {
    const { world, look, reconciler } = fixture(sign);
    world.ignores = () => true;
    await look();
    reconciler.forget("team/web-1");
    expect(world.ignored.size).toBe(0);
  });
});

describe("a signer that is not idempotent", () => {
  const sign = async (request: SignRequest) => issued({ chain: await chainFor(request) });
  const crashed = new Error("SIGKILL");

  /** A request on which a process has recorded its attempt before it died. */
  async function afterCrash(): Promise<CertificateRequest> {
    const { world, look } = fixture(() => Promise.reject(crashed), { idempotent: false });
    world.apply = async () => {
      if (world.writes.length === 1) throw crashed;
      return "written";
    };
    await expect(look()).rejects.toThrow(crashed);
    if (world.request === undefined) throw new Error("the request should be there");
    return world.request;
  }

  test("records the attempt before the PKI is called, and drops the record with the result", async () => {
    const order: string[] = [];
    const { world, look } = fixture(
      async (request) => {
        order.push(`sign after ${world.writes.length} write`);
        return sign(request);
      },
      { idempotent: false },
    );
    await look();
    expect(order).toEqual(["sign after 1 write"]);
    expect(world.writes).toHaveLength(2);
    expect(world.writes[0]?.conditions.map(({ type }) => type)).toEqual(["Ready", `${group}/Attempt`]);
    expect(world.writes[1]?.conditions.map(({ type }) => type)).toEqual(["Ready"]);
    expect(world.steps).not.toContain("request:possibleDuplicate");
  });

  test("is not called when the record cannot be written", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false },
    );
    world.apply = async () => {
      throw new Error("the API server is down");
    };
    await expect(look()).rejects.toThrow("down");
    expect(signs).toBe(0);
  });

  test("is not called for a request that another replica has finished since the cache saw it", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false },
    );
    if (world.request !== undefined) {
      const conditions = [approved, condition("Ready", "True", "Issued")];
      world.actual = { ...world.request, status: { conditions } };
    }
    expect(await look()).toEqual({ kind: "settled" });
    expect(signs).toBe(0);
    expect(world.writes).toEqual([]);
  });

  test("after a crash, what find knows is used and nothing is signed again", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false, find: sign },
    );
    world.request = await afterCrash();
    await look();
    expect(signs).toBe(0);
    expect(world.writes.at(-1)?.conditions[0]).toMatchObject({ reason: "Issued" });
    expect(world.steps).not.toContain("request:possibleDuplicate");
  });

  test("after a crash, a PKI that knows nothing of the attempt is asked to sign", async () => {
    const { world, look } = fixture(sign, { idempotent: false, find: async () => undefined });
    world.request = await afterCrash();
    await look();
    expect(world.writes.at(-1)?.conditions[0]).toMatchObject({ reason: "Issued" });
    expect(world.steps).not.toContain("request:possibleDuplicate");
  });

  test("after a crash, without find, the possible duplicate is reported once and the request is signed", async () => {
    const { world, look } = fixture(sign, { idempotent: false });
    world.request = await afterCrash();
    await look();
    expect(world.steps).toEqual([
      "request:signing",
      "request:possibleDuplicate",
      "request:signed",
      "request:issued",
    ]);
  });

  test("after a crash, a find that cannot tell is reported with its reason, and the request is signed", async () => {
    const find = async () => cannotTell("the token may not list certificates");
    const { world, look, lifecycle } = fixture(sign, { idempotent: false, find });
    const messages: string[] = [];
    lifecycle.on("request:possibleDuplicate", ({ message }) => messages.push(message));
    world.request = await afterCrash();
    await look();
    expect(messages).toEqual([
      expect.stringMatching(/ended without an answer, and the token may not list certificates\.$/),
    ]);
    expect(world.writes.at(-1)?.conditions[0]).toMatchObject({ reason: "Issued" });
  });

  test("after a crash, without find, the request fails where the operator chose so", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false, possibleDuplicate: "fail" },
    );
    world.request = await afterCrash();
    await look();
    expect(signs).toBe(0);
    expect(world.writes.at(-1)).toMatchObject({ failureTime: expect.any(String) });
  });

  test("keeps the record over a retryable error, and looks the attempt up before the next call", async () => {
    const calls: string[] = [];
    const { world, look } = fixture(
      async (request) => {
        calls.push("sign");
        if (calls.length === 1) throw new Error("connection reset");
        return sign(request);
      },
      {
        idempotent: false,
        find: async () => {
          calls.push("find");
          return undefined;
        },
      },
    );
    await look();
    expect(world.request?.status?.conditions?.map(({ type }) => type)).toContain(`${group}/Attempt`);
    world.now += 60_000;
    await look();
    expect(calls).toEqual(["sign", "find", "sign"]);
  });

  test("an error that says nothing was issued raises no doubt", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        if (signs === 1) throw new RetryableError("connection refused", { issuedNothing: true });
        return sign(request);
      },
      { idempotent: false },
    );
    await look();
    world.now += 60_000;
    await look();
    expect(signs).toBe(2);
    expect(world.steps).not.toContain("request:possibleDuplicate");
  });

  test("is not called by a process that does not hold the lease", async () => {
    let signs = 0;
    const { world, look } = fixture(
      async (request) => {
        signs += 1;
        return sign(request);
      },
      { idempotent: false },
    );
    world.fence = () => {
      throw new NotLeaderError();
    };
    await expect(look()).rejects.toThrow(NotLeaderError);
    expect(signs).toBe(0);
  });

  describe("in a new term after another process has led", () => {
    /** Signed in an earlier term, whose end kept the result from being written. */
    async function unwritten(more: FixtureOptions = {}) {
      let signs = 0;
      const made = fixture(async (request) => {
        signs += 1;
        return issued({ chain: await chainFor(request) });
      }, more);
      made.world.apply = async () => {
        throw new NotLeaderError();
      };
      await expect(made.look()).rejects.toThrow(NotLeaderError);
      made.world.apply = async () => "written";
      made.reconciler.beginTerm();
      return { ...made, signs: () => signs };
    }

    test("writes what it kept, where the other has not touched the request", async () => {
      const { world, look, signs } = await unwritten();
      await look();
      expect(world.writes.at(-1)?.conditions[0]).toMatchObject({ reason: "Issued" });
      expect(signs()).toBe(1);
    });

    test("leaves a result alone that the other has written and the cache does not show yet", async () => {
      const { world, look, signs } = await unwritten();
      const done = condition("Ready", "True", "Issued");
      if (world.request) world.actual = { ...world.request, status: { conditions: [approved, done] } };
      expect(await look()).toEqual({ kind: "settled" });
      expect(await look()).toEqual({ kind: "settled" });
      expect(world.writes).toEqual([]);
      expect(signs()).toBe(1);
    });

    test("asks find about the other's attempt, though its own last call certainly issued nothing", async () => {
      let finds = 0;
      const { world, look, reconciler } = fixture(
        async () => Promise.reject(new RetryableError("503", { issuedNothing: true })),
        {
          idempotent: false,
          find: async (request) => {
            finds += 1;
            return issued({ chain: await chainFor(request) });
          },
        },
      );
      await look();
      expect(finds).toBe(0);
      world.now += 60_000;
      reconciler.beginTerm();
      await look();
      expect(finds).toBe(1);
    });
  });
});

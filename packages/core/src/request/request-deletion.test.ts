import { buildCsr, newPrivateKey, parseCsr, pending, type Signer } from "@countersign/issuer-signer";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest } from "../kube/types.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { settle } from "../queue/manual-scheduler-fixture.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { attemptId } from "./attempt-id.ts";
import { matchIssuer } from "./match-issuer.ts";
import { approved, group, now, readyIssuer, requestWith } from "./request-fixtures.ts";
import { RequestReconciler } from "./request-reconciler.ts";
import { requestStatus } from "./request-status.ts";

/** Where a look can be when its request is deleted; `write` is that of the result. */
type Point = "hook" | "authorize" | "reread" | "record" | "find" | "sign" | "write";

let csr = "";

beforeAll(async () => {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  csr = Buffer.from(await buildCsr({ key, commonName: "web", dnsNames: ["web.example.com"] })).toString(
    "base64",
  );
});

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

/** A look at a request that stops at one point until the test lets it go on. */
async function stoppedAt(
  point: Point,
  { idempotent = false, heeds = true }: { idempotent?: boolean; heeds?: boolean } = {},
) {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const log: string[] = [];
  const abandoned: string[] = [];
  /** Each step of the way: what heeds the signal ends with it, what does not goes on. */
  async function step<T>(name: Point, signal: AbortSignal, result: () => T): Promise<T> {
    if (name === point) {
      reached.resolve();
      const aborted = Promise.withResolvers<never>();
      if (heeds) signal.addEventListener("abort", () => aborted.reject(signal.reason));
      await Promise.race([goOn.promise, aborted.promise]);
    }
    log.push(name);
    return result();
  }
  const signer: Signer<unknown> = {
    idempotent,
    check: async () => {},
    sign: (_, { signal }) => step("sign", signal, () => pending({ operation: { id: "42" } })),
    find: (_, { signal }) => step("find", signal, () => undefined),
  };
  const connection = new IssuerConnection({
    version: "v1",
    signer,
    reports: { begin() {}, end() {} },
    close: async () => {},
  });
  const lifecycle = new Lifecycle();
  lifecycle.on("request:abandoned", ({ message }) => abandoned.push(message));
  lifecycle.on("request:signing", () => log.push("signing"));
  lifecycle.on("request:answered", ({ outcome }) => log.push(`answered ${outcome}`));
  const base = requestWith([approved]);
  let request: CertificateRequest | undefined = { ...base, spec: { ...base.spec, request: csr } };
  if (point === "find") request = withRecord(request);
  let slots = 0;
  const reconciler = new RequestReconciler({
    definition,
    lifecycle,
    scheduler: systemScheduler,
    signTimeoutMs: 5_000,
    limits: { retryForMs: 3_600_000, pendingForMs: 7_200_000 },
    rules: { publishCa: true, excess: "refuse", maxBackdateMs: 86_400_000 },
    possibleDuplicate: "sign",
    clock: () => now,
    ignored: new Set(),
    ports: {
      request: () => request,
      match: (each) => matchIssuer(definition, each),
      authorize: (_, __, signal) => step("authorize", signal, () => {}),
      enter: () => {
        slots += 1;
        return {
          leave() {
            slots -= 1;
          },
        };
      },
      issuer: () => readyIssuer,
      ignores: (_, __, signal) => step("hook", signal, () => false),
      connection: () => connection,
      reportIssuer: () => {},
      backsOff: () => {},
      fence: () => {},
      reread: (each, signal) => step("reread", signal, () => each),
      applyStatus(each, status, signal) {
        const ready = status.conditions.find(({ type }) => type === "Ready");
        const isRecord = ready?.message === "The request is being signed.";
        return step(isRecord ? "record" : "write", signal, () => ({
          ...each,
          status: { conditions: [approved, ...status.conditions] },
        }));
      },
    },
  });
  const stopping = new AbortController();
  const lookAgain = () => reconciler.reconcile("team/web-1", stopping.signal, (call) => call());
  const look = lookAgain();
  await reached.promise;
  log.length = 0;
  return {
    look,
    log,
    abandoned,
    lookAgain,
    stop: () => stopping.abort(new Error("stopping")),
    slots: () => slots,
    delete() {
      request = undefined;
      reconciler.forget("team/web-1");
    },
    replace(uid: string) {
      if (request !== undefined) request = { ...request, metadata: { ...request.metadata, uid } };
      reconciler.forget("team/web-1");
    },
    async goOn() {
      goOn.resolve();
      await settle();
    },
  };
}

/** As a process leaves it that dies during the call of the signer. */
function withRecord(request: CertificateRequest): CertificateRequest {
  const der = parseCsr(Buffer.from(csr, "base64").toString("latin1")).der;
  const { conditions } = requestStatus({
    group,
    request,
    now,
    ready: { reason: "Pending", message: "The request is being signed." },
    attempt: { attemptId: attemptId(request.metadata.uid, der), operation: undefined, times: {} },
  });
  return { ...request, status: { conditions: [approved, ...conditions] } };
}

describe("R18 a request that is deleted", () => {
  const points: [Point, "told" | "silent"][] = [
    ["hook", "silent"],
    ["authorize", "silent"],
    ["reread", "silent"],
    ["record", "silent"],
    ["find", "told"],
    ["sign", "told"],
    ["write", "told"],
  ];
  test.each(points)("at %s: the look ends at once, nothing follows, and it is %s", async (point, telling) => {
    const at = await stoppedAt(point);
    at.delete();
    expect(await at.look).toEqual({ kind: "settled" });
    expect(at.slots()).toBe(0);
    await at.goOn();
    expect(at.log).toEqual([]);
    expect(at.abandoned).toHaveLength(telling === "told" ? 1 : 0);
  });

  test.each(points.slice(0, -1))(
    "at %s, of which the answer comes all the same: neither the PKI nor the cluster hears of it",
    async (point) => {
      const at = await stoppedAt(point, { heeds: false });
      at.delete();
      await at.goOn();
      expect(await at.look).toEqual({ kind: "settled" });
      expect(at.slots()).toBe(0);
      const steps = at.log.filter((step) => ["signing", "find", "sign", "write"].includes(step));
      expect(steps).toEqual(point === "find" || point === "sign" ? [point] : []);
    },
  );

  test("at sign, by an idempotent signer: ends as well", async () => {
    const at = await stoppedAt("sign", { idempotent: true });
    at.delete();
    expect(await at.look).toEqual({ kind: "settled" });
    expect(at.log).toEqual([]);
  });

  test("after its order was made: it is told that the PKI may issue a certificate for nobody", async () => {
    const at = await stoppedAt("write");
    await at.goOn();
    expect(await at.look).toMatchObject({ kind: "again" });
    expect(at.abandoned).toEqual([]);
    at.delete();
    at.delete();
    expect(at.abandoned).toEqual([expect.stringContaining("a certificate that nobody uses")]);
  });

  test("and made anew by the same name: the new one is looked at from the beginning", async () => {
    const at = await stoppedAt("sign");
    at.replace("uid-2");
    expect(await at.look).toEqual({ kind: "settled" });
    await at.goOn();
    expect(await at.lookAgain()).toMatchObject({ kind: "again" });
    expect(at.log).toEqual([
      "hook",
      "authorize",
      "reread",
      "hook",
      "record",
      "signing",
      "sign",
      "answered pending",
      "write",
    ]);
    expect(at.abandoned).toHaveLength(1);
  });

  test("a stop is told from a deletion: it is for the caller", async () => {
    const at = await stoppedAt("sign");
    at.stop();
    await expect(at.look).rejects.toThrow("stopping");
    expect(at.abandoned).toEqual([]);
  });
});

import { IssuerError, PermanentError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { Condition, IssuerObject } from "../kube/types.ts";
import { recordKubeEvents } from "../lifecycle/kube-events.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { condition, group, issuerWith, now } from "../request/request-fixtures.ts";
import { IssuerReconciler } from "./issuer-reconciler.ts";
import { noServiceAccountTokens } from "./service-account-tokens.ts";

const earlier = "2026-05-01T11:59:00Z";
const present = "2026-05-01T12:00:00Z";

interface Case {
  readonly name: string;
  /** What the object says of itself already; none: there is no object. */
  readonly conditions?: readonly Condition[] | undefined;
  /** What `check` throws. */
  readonly check?: Error;
  /** With what a call of `sign` has failed meanwhile. */
  readonly reported?: Error;
  readonly next: string;
  /** The Ready condition that is written; none unless given. */
  readonly written?: object;
  readonly event?: string;
}

const ready = (status: Condition["status"], reason: string, message: string, observedGeneration = 2) => ({
  ...condition("Ready", status, reason, message),
  observedGeneration,
});
const checked = ready("True", "Checked", "Succeeded checking the issuer");
const failed = ready("False", "Failed", "Failed permanently: no such CA");
const succeeded = "Normal Checked Succeeded checking the issuer";

const cases: readonly Case[] = [
  { name: "ignore-issuer-not-found", conditions: undefined, next: "gone" },
  // Checked, but neither written nor told: it says so already.
  { name: "trigger-when-ready", conditions: [checked], next: "settled" },
  {
    // Failed waits for no new generation: a Secret may have changed, or what was wrong at the PKI.
    name: "ignore-failed",
    conditions: [failed],
    next: "settled",
    written: { ...checked, lastTransitionTime: present },
    event: succeeded,
  },
  {
    // A late answer of a call is believed until the look that follows.
    name: "failed-ignore-reported-error",
    conditions: [failed],
    reported: new IssuerError("401"),
    next: "retry",
    written: { ...ready("False", "Pending", "Not ready yet: 401"), lastTransitionTime: earlier },
    event: "Warning RetryableError Not ready yet: 401",
  },
  {
    name: "ready-reported-error",
    conditions: [checked],
    reported: new IssuerError("401"),
    next: "retry",
    written: { ...ready("False", "Pending", "Not ready yet: 401"), lastTransitionTime: present },
    event: "Warning RetryableError Not ready yet: 401",
  },
  {
    name: "recheck-outdated-ready",
    conditions: [ready("True", "Checked", "Succeeded checking the issuer", 1)],
    next: "settled",
    written: { ...checked, lastTransitionTime: earlier },
    event: succeeded,
  },
  {
    // No Initializing: the first look checks.
    name: "initialize-ready-condition",
    conditions: [],
    next: "settled",
    written: { ...checked, lastTransitionTime: present },
    event: succeeded,
  },
  {
    name: "retry-on-error",
    conditions: [ready("Unknown", "Initializing", "started")],
    check: new Error("connection refused"),
    next: "retry",
    written: {
      ...ready("False", "Pending", "Not ready yet: connection refused"),
      lastTransitionTime: present,
    },
    event: "Warning RetryableError Not ready yet: connection refused",
  },
  {
    name: "dont-retry-on-permanent-error",
    conditions: [ready("Unknown", "Initializing", "started")],
    check: new PermanentError("no such CA"),
    next: "stuck",
    written: { ...failed, lastTransitionTime: present },
    event: "Warning PermanentError Failed permanently: no such CA",
  },
  {
    name: "success-issuer",
    conditions: [ready("Unknown", "Initializing", "started")],
    next: "settled",
    written: { ...checked, lastTransitionTime: present },
    event: succeeded,
  },
  {
    name: "success-recover",
    conditions: [ready("False", "Pending", "Not ready yet: connection refused")],
    next: "settled",
    written: { ...checked, lastTransitionTime: present },
    event: succeeded,
  },
];

/** An issuer object as the caches show it; what is written shows at once. */
function issuerWorld() {
  const lifecycle = new Lifecycle();
  const world = {
    issuer: undefined as IssuerObject | undefined,
    check: undefined as Error | undefined,
    writes: [] as Condition[],
    events: [] as string[],
    ignores: async () => false,
  };
  const definition = defineIssuer({
    group,
    version: "v1alpha1",
    kinds: { namespaced: "AcmeIssuer" },
    spec: z.object({}),
    connect: () => ({
      check: async () => {
        if (world.check !== undefined) throw world.check;
      },
      sign: () => Promise.reject(new Error("not used")),
    }),
  });
  recordKubeEvents(
    lifecycle,
    { record: (_, { type, reason, note }) => void world.events.push(`${type} ${reason} ${note}`) },
    definition,
  );
  const [kind] = definition.kinds;
  if (kind === undefined) throw new Error("there is a kind");
  const reconciler = new IssuerReconciler({
    definition,
    lifecycle,
    clusterResourceNamespace: "countersign-system",
    checkTimeoutMs: 1_000,
    userAgent: "test",
    http: {},
    clock: () => now,
    ports: {
      issuer: () => world.issuer,
      ignores: () => world.ignores(),
      secrets: async () => new Map(),
      configMaps: async () => new Map(),
      tokens: () => noServiceAccountTokens,
      refreshSecrets: async () => {},
      saveSecret: () => Promise.reject(new Error("not used")),
      applyStatus: async (_, issuer, status) => {
        const { conditions } = status as { readonly conditions: readonly Condition[] };
        world.writes.push(...conditions);
        world.issuer = { ...issuer, status: { conditions } };
      },
    },
  });
  const look = () => reconciler.reconcile("key", kind, "team", "acme", new AbortController().signal);
  /** A call of `sign` on the present connection has failed through the issuer's fault. */
  function report(error: Error): void {
    const connection = world.issuer && reconciler.connection("key", world.issuer);
    if (connection === undefined) throw new Error("the issuer is not connected");
    reconciler.report("key", error, connection);
  }
  return { world, look, report };
}

describe("issuer-lib: TestTestIssuerReconcilerReconcile", () => {
  test.each(cases.map((row) => [row.name, row] as const))("%s", async (_, row) => {
    const { world, look, report } = issuerWorld();
    world.issuer = row.conditions && issuerWith(row.conditions);
    if (row.reported !== undefined) {
      await look();
      world.issuer = row.conditions && issuerWith(row.conditions);
      world.writes.length = 0;
      world.events.length = 0;
      report(row.reported);
    }
    world.check = row.check;
    expect(await look()).toBe(row.next);
    expect(world.writes).toEqual(row.written === undefined ? [] : [row.written]);
    expect(world.events).toEqual(row.event === undefined ? [] : [row.event]);
  });
});

describe("what issuer-lib does not test of issuers", () => {
  test("two IssuerErrors racing: the issuer is not ready once, and the look that follows checks anew", async () => {
    const { world, look, report } = issuerWorld();
    world.issuer = issuerWith([]);
    await look();
    report(new IssuerError("401 for one"));
    report(new IssuerError("401 for another"));
    expect(await look()).toBe("retry");
    expect(await look()).toBe("settled");
    expect(world.writes.map(({ message }) => message)).toEqual([
      "Succeeded checking the issuer",
      "Not ready yet: 401 for another",
      "Succeeded checking the issuer",
    ]);
  });

  test("two IssuerErrors racing: the second comes while the issuer is not ready", async () => {
    const { world, look, report } = issuerWorld();
    world.issuer = issuerWith([]);
    await look();
    report(new IssuerError("401 for one"));
    expect(await look()).toBe("retry");
    report(new IssuerError("401 for another"));
    expect(await look()).toBe("retry");
    expect(await look()).toBe("settled");
    expect(world.writes.at(-1)).toMatchObject({ status: "True" });
  });

  test("IgnoreIssuer in the controller of issuers: true leaves it alone, an error is tried again", async () => {
    const { world, look } = issuerWorld();
    world.issuer = issuerWith([]);
    world.ignores = async () => true;
    expect(await look()).toBe("ignored");
    world.ignores = () => Promise.reject(new Error("the hook is broken"));
    await expect(look()).rejects.toThrow("the hook is broken");
    expect(world.writes).toEqual([]);
    expect(world.events).toEqual([]);
    world.ignores = async () => false;
    expect(await look()).toBe("settled");
  });

  test("an issuer that is being deleted is let go of", async () => {
    const { world, look } = issuerWorld();
    const issuer = issuerWith([]);
    world.issuer = { ...issuer, metadata: { ...issuer.metadata, deletionTimestamp: present } };
    expect(await look()).toBe("gone");
    expect(world.writes).toEqual([]);
  });
});

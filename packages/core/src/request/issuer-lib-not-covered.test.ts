import {
  IssuerError,
  issued,
  newSelfSignedCa,
  PermanentError,
  pending,
  RetryableError,
  type SignRequest,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { operation, queued } from "./issuer-lib-case-fixture.ts";
import {
  ca,
  certificateRequest,
  issue,
  type RequestWorldOptions,
  requestWorld,
  signingRequest,
} from "./issuer-lib-fixture.ts";
import { approved, condition, issuerWith, now } from "./request-fixtures.ts";

const otherCa = newSelfSignedCa({
  commonName: "Other CA",
  notBefore: new Date(now - 1),
  notAfter: new Date(now + 86_400_000),
});
const present = "2026-05-01T12:00:00Z";

/** Both kinds of request, each in the state that the API server stores for it. */
const kinds = [
  ["a CertificateRequest", () => certificateRequest([approved])],
  ["a CertificateSigningRequest", () => signingRequest({ conditions: [approved] })],
] as const;

const reasonOf = (object: RequestWorldOptions["object"]) =>
  object?.status?.conditions?.find(({ type }) => type === "Ready")?.reason;

/** Whether the object tells of a certificate, in the way of its kind. */
function isIssued(object: RequestWorldOptions["object"]): boolean {
  const ready = object?.kind === "CertificateSigningRequest" || reasonOf(object) === "Issued";
  return ready && object?.status?.certificate !== undefined;
}

/** Whether the object tells of a failure, in the way of its kind. */
function isFailed(object: RequestWorldOptions["object"]): boolean {
  return (
    reasonOf(object) === "Failed" ||
    (object?.status?.conditions ?? []).some(({ type, status }) => type === "Failed" && status === "True")
  );
}

describe("a CertificateRequest", () => {
  test("Denied-only CR: Ready=False/Denied and failureTime, once", async () => {
    const { world, look } = requestWorld({ object: certificateRequest([condition("Denied", "True")]) });
    await look();
    await look();
    expect(world.writes).toMatchObject([
      { conditions: [{ type: "Ready", status: "False", reason: "Denied" }], failureTime: present },
    ]);
    expect(world.signs).toBe(0);
  });

  test("InvalidRequest: neither signed nor written to", async () => {
    const object = certificateRequest([approved, condition("InvalidRequest", "True")]);
    const { world, look } = requestWorld({ object });
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes).toEqual([]);
    expect(world.signs).toBe(0);
  });

  test.each([
    ["on", true, Buffer.from(ca.certificate.pem).toString("base64")],
    ["off", false, undefined],
  ] as const)("SetCA %s", async (_, publishCa, expected) => {
    const { world, look } = requestWorld({ object: certificateRequest([approved]), publishCa });
    await look();
    expect(world.writes).toHaveLength(1);
    expect(world.writes[0]?.certificate).toBeDefined();
    expect(world.writes[0]?.ca).toBe(expected);
  });
});

describe.each(kinds)("%s", (_, object) => {
  test("PATCH failure after Permanent: written again, not signed again", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = () => Promise.reject(new PermanentError("no"));
    world.beforeWrite = () => Promise.reject(new Error("the API server is down"));
    await expect(look()).rejects.toThrow("the API server is down");
    world.beforeWrite = async () => undefined;
    expect(await look()).toEqual({ kind: "settled" });
    expect(isFailed(world.object)).toBe(true);
    expect(world.signs).toBe(1);
  });

  test("PATCH failure after Success: the same certificate is written, not signed again", async () => {
    const { world, look } = requestWorld({ object: object() });
    let signed = "";
    world.sign = async (request) => {
      const outcome = await issue(request);
      signed = outcome.chain;
      return outcome;
    };
    world.beforeWrite = () => Promise.reject(new Error("the API server is down"));
    await expect(look()).rejects.toThrow("the API server is down");
    await expect(look()).rejects.toThrow("the API server is down");
    world.beforeWrite = async () => undefined;
    await look();
    expect(isIssued(world.object)).toBe(true);
    expect(signed).toContain(Buffer.from(world.writes[0]?.certificate ?? "", "base64").toString());
    expect(world.signs).toBe(1);
  });

  test("404 on PATCH: the object is gone, so nothing is tried again", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.beforeWrite = async () => "gone";
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.events).toEqual([]);
  });

  test("deletionTimestamp: neither signed nor written to", async () => {
    const deleted = object();
    const metadata = { ...deleted.metadata, deletionTimestamp: present };
    const { world, look } = requestWorld({ object: { ...deleted, metadata } as typeof deleted });
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes).toEqual([]);
    expect(world.signs).toBe(0);
  });

  test("IgnoreCertificateRequest true: left alone", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.ignores = async () => true;
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.writes).toEqual([]);
    expect(world.events).toEqual([]);
    expect(world.signs).toBe(0);
  });

  test("IgnoreCertificateRequest error: nothing is written, and it is asked again", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.ignores = () => Promise.reject(new Error("the hook is broken"));
    await expect(look()).rejects.toThrow("the hook is broken");
    expect(world.writes).toEqual([]);
    world.ignores = async () => false;
    await look();
    expect(isIssued(world.object)).toBe(true);
  });

  test("IssuerError precedence over SetCondition: the request waits for its issuer, and keeps the condition", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = async () => pending({ operation, conditions: [queued(1)] });
    await look();
    world.now += 60_000;
    const error = new IssuerError("401", { cause: new PermanentError("no") });
    world.sign = () => Promise.reject(error);
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.reported).toEqual([error]);
    expect(isFailed(world.object)).toBe(false);
    expect(world.object?.status?.conditions).toContainEqual(expect.objectContaining(queued(1)));
    expect(world.events.at(-1)).toBe(
      "Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition is outdated.",
    );
  });

  // Pending is an outcome here, so no error can hold both: of errors the outermost one counts.
  test.each([
    [
      "a retryable error around a permanent one",
      new RetryableError("busy", { cause: new PermanentError("no") }),
      false,
    ],
    [
      "a permanent error around a retryable one",
      new PermanentError("no", { cause: new RetryableError("busy") }),
      true,
    ],
    [
      "a stranger around a permanent error",
      new Error("enrolling", { cause: new PermanentError("no") }),
      true,
    ],
  ] as const)("Pending vs Permanent precedence: %s", async (_, error, fails) => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = () => Promise.reject(error);
    await look();
    expect(isFailed(world.object)).toBe(fails);
  });

  test("`%` in error text: is written and told as it is", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = () => Promise.reject(new PermanentError("100%d of %s at 50% %!v(MISSING)"));
    await look();
    expect(world.events.at(-1)).toMatch(/: 100%d of %s at 50% %!v\(MISSING\)$/);
    expect(JSON.stringify(world.writes)).toContain(": 100%d of %s at 50% %!v(MISSING)");
  });

  test.each<[string, (request: SignRequest) => Promise<string>]>([
    ["empty", async () => ""],
    ["garbage", async () => "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"],
    ["mismatched", async () => ca.certificate.pem],
    [
      "unlinked",
      async (request) => (await issue(request)).chain.replace(ca.certificate.pem, otherCa.certificate.pem),
    ],
  ])("empty/garbage/mismatched chain: %s never reaches the status", async (_, chain) => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = async (request) => issued({ chain: await chain(request) });
    expect(await look()).toMatchObject({ kind: "again" });
    expect(world.writes.every((write) => write.certificate === undefined)).toBe(true);
    expect(isIssued(world.object)).toBe(false);
    world.sign = issue;
    world.now += 45_000;
    await look();
    expect(isIssued(world.object)).toBe(true);
  });

  test("issuer deleted while pending: the order is kept, and looked at when the issuer is back", async () => {
    const { world, look } = requestWorld({ object: object() });
    const operations: unknown[] = [];
    world.sign = async (request, context) => {
      operations.push(context.operation);
      return context.operation === undefined ? pending({ operation }) : issue(request);
    };
    await look();
    const { issuer } = world;
    world.issuer = undefined;
    world.now += 60_000;
    expect(await look()).toEqual({ kind: "settled" });
    expect(world.events.at(-1)).toContain("not found. Waiting for it to be created.");
    expect(world.signs).toBe(1);
    world.issuer = issuer;
    await look();
    expect(operations).toEqual([undefined, operation]);
    expect(isIssued(world.object)).toBe(true);
  });

  test("custom condition survival across a waiting patch", async () => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = async () => pending({ operation, conditions: [queued(1)] });
    await look();
    world.issuer = issuerWith([{ ...condition("Ready", "False", "Pending"), observedGeneration: 2 }]);
    world.now += 60_000;
    await look();
    expect(world.events.at(-1)).toContain("WaitingForIssuerReady");
    expect(world.object?.status?.conditions).toContainEqual(expect.objectContaining(queued(1)));
  });
});

type World = ReturnType<typeof requestWorld>;

/** How a request comes into each state in which a process may end, and whether the PKI has an order then. */
const states: readonly (readonly [
  name: string,
  reach: (made: World) => Promise<unknown>,
  ordered: boolean,
])[] = [
  ["seen for the first time", async () => {}, false],
  [
    "waiting for an issuer that does not exist",
    async ({ world, look }) => {
      const { issuer } = world;
      world.issuer = undefined;
      await look();
      world.issuer = issuer;
    },
    false,
  ],
  [
    "waiting for an issuer that is not ready",
    async ({ world, look }) => {
      const { issuer } = world;
      world.issuer = issuerWith([]);
      await look();
      world.issuer = issuer;
    },
    false,
  ],
  [
    "recorded, but not sent to the PKI",
    async ({ world, look }) => {
      world.beforeWrite = async () => {
        if (world.writes.length === 1) throw new Error("SIGKILL");
        return undefined;
      };
      world.sign = () => Promise.reject(new Error("SIGKILL"));
      await look().catch(() => {});
    },
    false,
  ],
  [
    "ordered, with the answer lost",
    async ({ world, look }) => {
      world.beforeWrite = async () => {
        if (world.writes.length === 1) throw new Error("SIGKILL");
        return undefined;
      };
      await expect(look()).rejects.toThrow("SIGKILL");
    },
    true,
  ],
  [
    "pending at the PKI",
    async ({ world, look }) => {
      const { sign } = world;
      world.sign = async (request, context) => {
        await sign(request, context);
        return pending({ operation });
      };
      await look();
    },
    true,
  ],
  [
    "tried again after an error",
    async ({ world, look }) => {
      world.sign = () => Promise.reject(new RetryableError("503", { issuedNothing: true }));
      await look();
    },
    false,
  ],
];

describe.each(kinds)("restart in every intermediate state: %s", (_, object) => {
  test.each(states)("%s", async (_, reach, ordered) => {
    let orders = 0;
    const order = async (request: SignRequest) => {
      orders += 1;
      return issue(request);
    };
    const find = async (request: SignRequest) => (orders > 0 ? issue(request) : undefined);
    const made = requestWorld({ object: object(), idempotent: false, sign: order, find });
    const { world, restart } = made;
    await reach(made);
    expect(orders).toBe(ordered ? 1 : 0);
    world.beforeWrite = async () => undefined;
    world.sign = (request, context) => (context.operation === undefined ? order(request) : issue(request));
    world.now += 60_000;
    await restart()();
    expect(isIssued(world.object)).toBe(true);
    expect(orders).toBe(1);
    const left = (world.object?.status?.conditions ?? []).filter(({ status }) => status === "True");
    expect(left.map(({ type }) => type).sort()).toEqual(
      world.object?.kind === "CertificateRequest" ? ["Approved", "Ready"] : ["Approved"],
    );
    expect(JSON.stringify(world.object?.status?.conditions)).not.toContain("attemptId");
  });

  test("finished, and nobody is called", async () => {
    const { world, look, restart } = requestWorld({ object: object() });
    await look();
    const writes = world.writes.length;
    expect(await restart()()).toEqual({ kind: "settled" });
    expect(world.writes).toHaveLength(writes);
    expect(world.signs).toBe(1);
  });
});

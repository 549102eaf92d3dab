import {
  IssuerError,
  PermanentError,
  pending,
  RetryableError,
  type SignerCondition,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { certificateRequest, issue, requestWorld, signingRequest } from "./issuer-lib-fixture.ts";
import { approved, condition, group } from "./request-fixtures.ts";

const queued: SignerCondition = {
  type: "pki.example.com/Queued",
  status: "True",
  reason: "Queue",
  message: "place 3",
};
const operation = { id: "42" };

type World = ReturnType<typeof requestWorld>["world"];
const objects = {
  CertificateRequest: () => certificateRequest([approved]),
  CertificateSigningRequest: () => signingRequest({ conditions: [approved] }),
};

describe.each(Object.entries(objects))("a condition of the signer's on a %s", (kind, object) => {
  /** What comes after the patch that set the condition. */
  const later: readonly (readonly [string, (world: World) => void])[] = [
    [
      "a pending answer without it",
      (world) => {
        world.sign = async () => pending({ operation, message: "still" });
      },
    ],
    [
      "a retryable error",
      (world) => {
        world.sign = () => Promise.reject(new RetryableError("503"));
      },
    ],
    [
      "the issuer's fault",
      (world) => {
        world.sign = () => Promise.reject(new IssuerError("401"));
      },
    ],
    [
      "a wait for the issuer",
      (world) => {
        world.issuer = undefined;
      },
    ],
    [
      "a permanent error",
      (world) => {
        world.sign = () => Promise.reject(new PermanentError("no"));
      },
    ],
    [
      "the end of patience",
      (world) => {
        world.now += 100 * 3_600_000;
      },
    ],
    [
      "the certificate",
      (world) => {
        world.sign = issue;
      },
    ],
  ];

  test.each(later)("survives %s, with the time at which it came", async (_, happen) => {
    const { world, look } = requestWorld({ object: object() });
    world.sign = async () => pending({ operation, retryAfterMs: 1000, conditions: [queued] });
    await look();
    const before = world.object?.status?.conditions?.find(({ type }) => type === queued.type);
    expect(before).toMatchObject({ ...queued });
    world.now += 60_000;
    happen(world);
    const writes = world.writes.length;
    await look();
    // Of a CertificateSigningRequest only what changes is written.
    if (kind === "CertificateRequest") expect(world.writes.length).toBe(writes + 1);
    expect(world.object?.status?.conditions).toContainEqual(before);
  });
});

describe("conditions of a signer that cannot be written", () => {
  const illegal: readonly (readonly [string, readonly SignerCondition[]])[] = [
    ["Approved", [{ ...queued, type: "Approved" }]],
    ["Denied", [{ ...queued, type: "Denied" }]],
    ["InvalidRequest", [{ ...queued, type: "InvalidRequest" }]],
    ["Ready", [{ ...queued, type: "Ready" }]],
    ["the same type twice", [queued, queued]],
    ["no type", [{ ...queued, type: "" }]],
    ["a status that is none", [{ ...queued, status: "Yes" as "True" }]],
    ["no message", [{ ...queued, message: undefined as unknown as string }]],
  ];

  test.each(illegal)(
    "(%s) are left out and announced, and the certificate is issued all the same",
    async (_, conditions) => {
      const { world, look, lifecycle } = requestWorld({ object: certificateRequest([approved]) });
      const troubles: string[] = [];
      lifecycle.on("trouble", ({ where }) => troubles.push(where));
      world.sign = async (request) => ({ ...(await issue(request)), conditions });
      expect(await look()).toEqual({ kind: "settled" });
      expect(world.signs).toBe(1);
      expect(world.writes).toHaveLength(1);
      expect(world.writes[0]?.conditions).toEqual([
        expect.objectContaining({ type: "Ready", reason: "Issued" }),
      ]);
      expect(troubles).toEqual(["the signer's conditions for team/web-1, which are left out"]);
    },
  );

  test.each(["Approved", `${group}/Attempt`])(
    "(%s) are left out of a pending answer, whose order is kept",
    async (type) => {
      const { world, look } = requestWorld({ object: certificateRequest([approved]) });
      world.sign = async () => pending({ operation, conditions: [{ ...queued, type }] });
      await look();
      const { conditions } = world.writes[0] ?? {};
      expect(conditions?.map(({ type }) => type)).toEqual(["Ready", `${group}/Attempt`]);
      expect(conditions?.[1]?.message).toContain('"id":"42"');
    },
  );

  test("an operation that cannot be kept is an error, whatever the conditions", async () => {
    const { world, look } = requestWorld({ object: certificateRequest([approved]) });
    world.sign = async () => pending({ operation: "x".repeat(5000), conditions: [queued] });
    await look();
    expect(world.writes[0]?.conditions?.[0]?.message).toContain("`operation` to be at most 4096 bytes");
  });
});

test("Failed and failureTime, and Denied and failureTime, come in one patch and at no other time", async () => {
  for (const [conditions, reason] of [
    [[approved], "Failed"],
    [[condition("Denied", "True")], "Denied"],
  ] as const) {
    const { world, look } = requestWorld({ object: certificateRequest(conditions) });
    world.sign = async () => pending({ operation });
    await look();
    world.now += 60_000;
    world.sign = () => Promise.reject(new PermanentError("no"));
    await look();
    const ends = world.writes.filter(({ failureTime }) => failureTime !== undefined);
    expect(ends).toHaveLength(1);
    expect(ends[0]?.conditions?.[0]).toMatchObject({ type: "Ready", status: "False", reason });
    for (const write of world.writes) {
      const isEnd = /Failed|Denied/.test(write.conditions?.[0]?.reason ?? "");
      expect(write.failureTime !== undefined).toBe(isEnd);
    }
  }
});

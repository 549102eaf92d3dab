import type { SignerCondition, SignOutcome } from "@countersign/issuer-signer";
import { expect } from "vitest";
import type { IssuerObject } from "../kube/types.ts";
import { issue, type RequestWorldOptions, requestWorld } from "./issuer-lib-fixture.ts";
import { group } from "./request-fixtures.ts";

/** One row of issuer-lib's unit tables of requests. */
export interface RequestCase {
  readonly name: string;
  /** An approved one unless given. */
  readonly object?: RequestWorldOptions["object"];
  readonly issuer?: IssuerObject | null;
  /** What `sign` does at each look, two minutes after the one before. The retry deadline is one minute. */
  readonly answers?: readonly (Error | SignOutcome<unknown> | "chain")[];
  /** The status that is written last; none is written at all unless given. */
  readonly written?: object;
  /** The last event. */
  readonly event?: string;
  /** What the last look says of the next; `settled` unless given. */
  readonly next?: object;
}

/** What the tables have in common. */
export const operation = { id: "42" };
export const early = "2026-05-01T12:00:00Z";
export const late = "2026-05-01T12:02:00Z";
export const attempt = { type: `${group}/Attempt`, status: "True" };

/** A condition of the signer's own. */
export function queued(place: number): SignerCondition {
  return { type: "Queued", status: "True", reason: "Queue", message: `place ${place}` };
}

/** Runs a row and compares all that it says. */
export async function expectCase(row: RequestCase, approved: RequestWorldOptions["object"]): Promise<void> {
  const { issuer, answers = [], written = {}, event, next = { kind: "settled" } } = row;
  const { world, look } = requestWorld({ object: "object" in row ? row.object : approved, issuer });
  world.sign = async (request) => {
    const answer = answers[world.signs - 1];
    if (answer === undefined) throw new Error("the signer is called too often");
    if (answer instanceof Error) throw answer;
    return answer === "chain" ? issue(request) : answer;
  };
  let seen = await look();
  for (const _ of answers.slice(1)) {
    world.now += 120_000;
    seen = await look();
  }
  expect(seen).toEqual(next);
  expect(world.signs).toBe(answers.length);
  expect(world.events.at(-1)).toBe(event);
  const last = world.writes.at(-1) ?? {};
  expect(Object.keys(last).sort()).toEqual(Object.keys(written).sort());
  expect(last).toMatchObject(written);
}

import { setTimeout as delay } from "node:timers/promises";
import {
  IssuerError,
  newSelfSignedCa,
  PermanentError,
  pending,
  type ServeOptions,
} from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { eventually } from "../eventually.ts";
import { issuedFrom } from "../fixtures/issued-from.ts";
import { Script, type Step } from "../fixtures/script.ts";
import { beginScripted } from "../serve-scripted.ts";
import type { TargetOf } from "../target.ts";

const check = (end: Step["end"]): Step => ({ call: "check", end });
const sign = (end: Step["end"]): Step => ({ call: "sign", end });
const error = new Error("[error message]");

/** How much later than its bound a call may come on a machine that is busy with other tests, in milliseconds. */
const slackMs = 2_500;
/** Nothing may be called for that long after the end. */
const quietMs = 1_000;
const day = 86_400_000;

interface Timing {
  readonly steps: readonly Step[];
  readonly options?: Partial<ServeOptions>;
  /** Reason of the request's Ready condition at the end. */
  readonly reason: string;
  /** Bounds of the time between two calls, in milliseconds, from the second call on; of the last for those that follow. */
  readonly spacing: readonly (readonly [least: number, most: number])[];
}

const maxRetry = { retryForMs: 300 };
/** From the approval to the call, or from an issuer that is ready to its requests: at once. */
const soon = [0, 0] as const;
/** Full jitter, so that what failed together does not come back together: from 0 to a bound that doubles. */
const first = [0, 500] as const;
const second = [0, 1_000] as const;

const timings: readonly (readonly [name: string, timing: Timing])[] = [
  [
    "single-error-for-issuer-and-certificate-request",
    {
      steps: [check(error), check("ok"), sign(error), sign("ok")],
      reason: "Issued",
      spacing: [first, soon, first],
    },
  ],
  [
    "double-error-for-issuer-and-certificate-request",
    {
      steps: [check(error), check(error), check("ok"), sign(error), sign(error), sign("ok")],
      reason: "Issued",
      spacing: [first, second, soon, first, second],
    },
  ],
  [
    // The deadline counts from the first attempt, and is looked at when an attempt has failed.
    "single-error-for-issuer-and-certificate-request-reaching-max-retry-duration",
    {
      steps: [check(error), check("ok"), { ...sign(error), repeat: true }],
      options: maxRetry,
      reason: "Failed",
      spacing: [first, soon, first, second],
    },
  ],
  [
    "single-pending-error-for-issuer-and-certificate-request-reaching-max-retry-duration",
    {
      steps: [
        check(error),
        check("ok"),
        sign(pending({ operation: undefined, retryAfterMs: 600 })),
        sign("ok"),
      ],
      options: maxRetry,
      reason: "Issued",
      spacing: [first, soon, [600, 600]],
    },
  ],
  [
    "fail-issuer-permanently",
    { steps: [check(new PermanentError("[error message]"))], reason: "Pending", spacing: [] },
  ],
  [
    "trigger-issuer-error-then-recover",
    {
      steps: [check("ok"), sign(new IssuerError("[error message]")), check("ok"), sign("ok")],
      reason: "Issued",
      spacing: [soon, first, soon],
    },
  ],
];

/** issuer-lib's timing cases, under their names. */
export function issuerLibTimingCases(target: TargetOf): void {
  describe("issuer-lib: CombinedControllerTiming", () => {
    const ca = newSelfSignedCa({
      commonName: "Timed CA",
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 365 * day),
    });

    test.concurrent.each(timings)("%s", async (name, { steps, options, reason, spacing }) => {
      const { scene, serve, request } = await beginScripted(
        target(),
        `timing-${timings.findIndex(([each]) => each === name)}`,
      );
      const script = new Script(steps, (asked) => issuedFrom(ca, asked));
      await using _ = await serve(script.sign, options, script.check);
      await request("web");
      const end = await scene.untilReason("web", reason);
      // A request that waits for its issuer says so before the end of the script.
      await eventually(
        target().patience,
        "the calls of the script",
        async () => script.calls,
        ({ length }) => length >= steps.length,
      );
      const made = script.calls.length;
      await delay(quietMs);
      expect(script.calls).toHaveLength(made);
      const calls = script.calls.map(({ call }) => call);
      const repeated = Math.max(0, made - steps.length);
      expect(calls).toEqual([...steps.map(({ call }) => call), ...Array(repeated).fill("sign")]);
      for (const [at, { afterMs }] of script.calls.slice(1).entries()) {
        const [least, most] = spacing[at] ?? spacing.at(-1) ?? soon;
        expect(afterMs).toBeGreaterThanOrEqual(least);
        expect(afterMs).toBeLessThanOrEqual(most + slackMs);
      }
      const message = findCondition(end, "Ready")?.message;
      if (reason === "Failed") {
        expect(message).toBe("Failed permanently to sign CertificateRequest: [error message]");
        const signing = script.calls.filter(({ call }) => call === "sign").slice(1);
        expect(signing.reduce((sum, { afterMs }) => sum + afterMs, 0)).toBeGreaterThanOrEqual(
          maxRetry.retryForMs,
        );
      }
    });
  });
}

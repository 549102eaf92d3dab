import { z } from "zod";
import type { IssuerLimits } from "../issuer/issuer-limits.ts";
import { parseGoDuration } from "./go-duration.ts";

const duration = (what: string) =>
  z
    .string()
    .max(64)
    .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/)
    .refine((text) => (parseGoDuration(text) ?? 0) > 0, "must be longer than 0")
    .optional()
    .describe(`${what} A Go duration such as 90m.`);

/**
 * Schema of an optional field `limits` of an issuer's `spec`, read as {@link IssuerLimits}:
 *
 * ```ts
 * defineIssuer({ spec: z.object({ url: z.url(), limits: limitsSpec() }), limits: (spec) => spec.limits, ... })
 * ```
 */
export function limitsSpec() {
  return z
    .object({
      retryFor: duration("How long trouble with the PKI is retried before a request fails."),
      pendingFor: duration("How long the PKI may have a request pending before it fails."),
      maxConcurrentSigns: z
        .int()
        .min(1)
        .max(1000)
        .optional()
        .describe("Requests that are signed at once, within what the program lets every issuer have."),
      maxSignsPerSecond: z
        .number()
        .min(0.001)
        .max(100_000)
        .optional()
        .describe(
          "Requests that are sent to the PKI per second, within what the program lets every issuer have.",
        ),
      reuseFor: duration("How long an identical request of the same requester gets the same certificate."),
    })
    .transform(
      ({ retryFor, pendingFor, maxConcurrentSigns, maxSignsPerSecond, reuseFor }): IssuerLimits => ({
        retryForMs: milliseconds(retryFor),
        pendingForMs: milliseconds(pendingFor),
        maxConcurrentSigns,
        maxSignsPerSecond,
        reuseForMs: milliseconds(reuseFor),
      }),
    )
    .optional()
    .describe("How requests are served; by default as the program has it.");
}

function milliseconds(text: string | undefined): number | undefined {
  const seconds = text === undefined ? undefined : parseGoDuration(text);
  return seconds === undefined ? undefined : seconds * 1000;
}

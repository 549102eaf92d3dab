import type { FakePkiIssuerOptions } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

const signers: readonly (readonly [name: string, signer: FakePkiIssuerOptions])[] = [
  ["find", { find: true }],
  ["idempotent", { idempotent: true }],
  ["plain", {}],
];

/** A PKI that misbehaves as the fake one does by default: slow, throttling, losing answers, issuing what nobody asked for. */
export function badDayCases(target: TargetOf): void {
  describe("R2 a bad day of the PKI", () => {
    test.for(signers)(
      "%s signer: every request is issued, and no duplicate is silent",
      async ([name, signer], context) => {
        const scene = await beginScene(target(), context, `r2-day-${name}`, {
          signer,
          pki: {
            seed: 20_260_402,
            idempotencyKeys: signer.idempotent === true,
            misbehaviour: { resetAfter: 0.2 },
          },
        });
        await scene.createIssuer();
        await scene.serve();
        const count = target().size(40, 200);
        await scene.createRequests(count);
        await scene.untilIssued(count, 110_000);
        const { ledger, calls } = scene.pki;
        const duplicates = ledger.duplicates();
        const wrong = calls.filter(({ status, route }) => status !== 200 && route !== "find").length;
        await context.annotate(
          `${count} requests, ${calls.length} calls of which ${wrong} went wrong, ${duplicates.length} duplicates`,
        );
        expect(wrong).toBeGreaterThan(count / 4);
        if (signer.find || signer.idempotent) {
          expect(duplicates).toEqual([]);
          expect(await scene.eventsWith("PossibleDuplicate")).toEqual([]);
        } else {
          expect(duplicates.length).toBeGreaterThan(0);
          const twice = new Set(duplicates.map(({ csrSha256 }) => csrSha256));
          const names = await scene.namesOf(twice);
          expect(names).toHaveLength(twice.size);
          expect(names.filter((each) => !scene.doubted.has(each))).toEqual([]);
          await eventually(
            { timeout: 30_000, interval: 200 },
            `an event for each of ${names.length} requests with duplicates, of which these have none`,
            async () => {
              const reported = await scene.eventsWith("PossibleDuplicate");
              return names.filter((each) => !reported.includes(each));
            },
            (silent) => silent.length === 0,
          );
        }
      },
    );
  });
}

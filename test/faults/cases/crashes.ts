import type { FakePkiIssuerOptions } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { type IssuerProcess, startIssuerProcess } from "../fixtures/issuer-process.ts";
import { childPoints, isDoubtful, type KillPoint, killPoints } from "../fixtures/kill-points.ts";
import { isStatusWrite, type RelayedCall } from "../fixtures/relayed-call.ts";
import { beginScene, type FaultScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

interface Variant {
  readonly name: string;
  readonly signer: FakePkiIssuerOptions;
}

const variants: readonly Variant[] = [
  { name: "find", signer: { find: true } },
  { name: "idempotent", signer: { idempotent: true } },
  { name: "plain", signer: {} },
];

/** What was killed, and where. */
interface Kill {
  readonly name: string;
  readonly point: KillPoint;
}

/** The issuer dies by SIGKILL at every point of a request's way, and another takes over. */
export function crashCases(target: TargetOf): void {
  describe("R2 an issuer that is killed at every point of a request's way", () => {
    test.for(variants)(
      "$name signer: every request is issued, and no duplicate is silent",
      async ({ name, signer }, context) => {
        const { idempotent = false, find = false } = signer;
        const pkiKeys = idempotent;
        let crash: Crash | undefined;
        const scene = await beginScene(target(), context, `r2-${name}`, {
          signer,
          pki: {
            calm: true,
            idempotencyKeys: pkiKeys,
            at: async (point) => {
              if (point === "committed") await crash?.reach("P4 PKI committed, no answer");
              if (point === "halfAnswered") await crash?.reach("P5 half of the answer");
            },
          },
        });
        scene.relay.before = async (call) => {
          if (!isStatusWrite(call)) return undefined;
          return (await crash?.reach("P1 before the record", isRecord(call))) ? "reset" : undefined;
        };
        scene.relay.after = async (call) => {
          if (!isStatusWrite(call)) return;
          await crash?.reach("P1 record committed, answer lost", isRecord(call));
          await crash?.reach("P8 patch committed, answer lost", !isRecord(call));
        };
        await scene.createIssuer();
        // An idempotent signer makes no record.
        const points = killPoints.filter((point) => !(idempotent && point.startsWith("P1")));
        const rounds = target().size(1, 4);
        const plan = Array.from({ length: rounds }, () => points).flat();
        const kills: Kill[] = [];
        for (const [index, point] of plan.entries()) {
          const victim = `victim-${index}`;
          crash = await startVictim(scene, { find, idempotent }, victim, point);
          // The one before, which the last process has left.
          await scene.untilIssued(index, 30_000);
          await scene.createRequest(victim);
          crash.arm();
          await crash.dead();
          kills.push({ name: victim, point });
        }
        crash = undefined;
        const survivor = await startIssuerProcess(argumentsOf(scene, { find, idempotent }));
        context.onTestFinished(() => survivor.kill());
        await scene.untilIssued(plan.length, 60_000);

        const { ledger } = scene.pki;
        const duplicates = ledger.duplicates();
        const doubtful = kills.filter((kill) => isDoubtful(kill.point));
        const summary = `${kills.length} kills, ${ledger.entries.length} certificates, ${duplicates.length} duplicates`;
        await context.annotate(summary);
        if (find || idempotent) {
          expect(duplicates).toEqual([]);
          expect(ledger.entries).toHaveLength(plan.length);
          expect(await scene.eventsWith("PossibleDuplicate")).toEqual([]);
        } else {
          expect(duplicates.length).toBeLessThanOrEqual(doubtful.length);
          await eventually(
            { timeout: 5_000, interval: 100 },
            `an event for each of ${duplicates.length} duplicates`,
            () => scene.eventsWith("PossibleDuplicate"),
            (reported) => doubtful.every((kill) => reported.includes(kill.name)),
          );
        }
      },
    );
  });
}

/** A process that is going to die, and when. */
class Crash {
  readonly #process: IssuerProcess;
  readonly #point: KillPoint;
  #armed = false;
  #dead = false;

  constructor(process: IssuerProcess, point: KillPoint) {
    this.#process = process;
    this.#point = point;
    void process.ended.then(() => {
      this.#dead = true;
    });
  }

  arm(): void {
    this.#armed = true;
  }

  /** Kills the process if this is its point; resolves when it is gone, to whether it was killed here. */
  async reach(point: KillPoint, holds = true): Promise<boolean> {
    if (point !== this.#point || !holds || !this.#armed || this.#dead) return false;
    this.#dead = true;
    await this.#process.kill();
    return true;
  }

  async dead(): Promise<void> {
    const late = AbortSignal.timeout(20_000);
    const { promise, reject } = Promise.withResolvers<never>();
    late.addEventListener("abort", () => reject(new Error(`the issuer never reached ${this.#point}`)));
    expect(await Promise.race([this.#process.ended, promise])).toBe("SIGKILL");
  }
}

function argumentsOf(
  { relay, target, definition, namespace, pki }: FaultScene,
  signer: FakePkiIssuerOptions,
) {
  return {
    server: relay.url,
    token: target.token,
    group: definition.group,
    namespace,
    pki: pki.url,
    find: signer.find ?? false,
    idempotent: signer.idempotent ?? false,
  };
}

async function startVictim(
  scene: FaultScene,
  signer: FakePkiIssuerOptions,
  victim: string,
  point: KillPoint,
): Promise<Crash> {
  const isChilds = childPoints.some((each) => each === point);
  const own = isChilds ? { victim, point } : {};
  return new Crash(await startIssuerProcess({ ...argumentsOf(scene, signer), ...own }), point);
}

function isRecord({ body }: RelayedCall): boolean {
  return !body.includes('"certificate"');
}

import type { TargetOf } from "../target.ts";
import { badCertificateCases } from "./bad-certificates.ts";
import { badDayCases } from "./bad-days.ts";
import { deletionCases } from "./deletions.ts";
import { neighbourCases } from "./neighbours.ts";
import { outageCases } from "./outages.ts";
import { restartCases } from "./restarts.ts";
import { restraintCases } from "./restraint.ts";
import { rotationCases } from "./rotations.ts";
import { staleCacheCases } from "./stale-caches.ts";

/** Cases that mostly wait, and so may run side by side: each has its own namespace, API group, PKI and relay. */
export function waitingCases(target: TargetOf): void {
  badDayCases(target);
  badCertificateCases(target);
  staleCacheCases(target);
  outageCases(target);
  deletionCases(target);
  restraintCases(target);
}

/** Cases that need the machine, or the API server, for themselves. */
export function busyCases(target: TargetOf): void {
  rotationCases(target);
  neighbourCases(target);
  restartCases(target);
}

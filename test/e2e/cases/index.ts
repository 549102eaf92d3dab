import type { TargetOf } from "../target.ts";
import { approvalCases } from "./approvals.ts";
import { caKeyCases } from "./ca-keys.ts";
import { certificateCases } from "./certificates.ts";
import { credentialCases } from "./credentials.ts";
import { footprintCases } from "./footprint.ts";
import { gateCases } from "./gates.ts";
import { guardedPkiCases } from "./guarded-pki.ts";
import { hostileRequestCases } from "./hostile-requests.ts";
import { httpPkiCases } from "./http-pki.ts";
import { issuerLibCases } from "./issuer-lib.ts";
import { issuerLibTimingCases } from "./issuer-lib-timing.ts";
import { issuerObjectCases } from "./issuer-objects.ts";
import { limitCases } from "./limits.ts";
import { mismatchCases } from "./mismatches.ts";
import { namespaceCases } from "./namespaces.ts";
import { outageCases } from "./outages.ts";
import { probeCases } from "./probes.ts";
import { programCases } from "./program.ts";
import { reuseCases } from "./reuse.ts";
import { exerciseCases, rightsCases } from "./rights.ts";
import { secretCases } from "./secrets.ts";
import { sharingCases } from "./sharing.ts";
import { signingRequestCases } from "./signing-requests.ts";

/**
 * Every case, for one target. The areas run one after another, each with the issuers that it needs to itself; the tests
 * of most areas run side by side, each in a namespace of its own.
 */
export function e2eCases(target: TargetOf): void {
  certificateCases(target);
  httpPkiCases(target);
  guardedPkiCases(target);
  credentialCases(target);
  exerciseCases(target);
  gateCases(target);
  approvalCases(target);
  hostileRequestCases(target);
  secretCases(target);
  issuerObjectCases(target);
  sharingCases(target);
  namespaceCases(target);
  limitCases(target);
  mismatchCases(target);
  reuseCases(target);
  signingRequestCases(target);
  issuerLibCases(target);
  issuerLibTimingCases(target);
  caKeyCases(target);
  probeCases(target);
  programCases(target);
  footprintCases(target);
  // Looks at all that was logged so far, and must come before the API server goes away.
  rightsCases(target);
  outageCases(target);
}

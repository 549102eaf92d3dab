import type { ContractArea } from "../contract-case.ts";
import { accessCases } from "./access.ts";
import { reviewCases } from "./access-reviews.ts";
import { applyCases } from "./apply.ts";
import { applyErrorCases } from "./apply-errors.ts";
import { applySequenceCases } from "./apply-sequences.ts";
import { applyStatusCases } from "./apply-status.ts";
import { configMapCases } from "./config-maps.ts";
import { crdSchemaCases } from "./crd-schemas.ts";
import { crdCases } from "./crds.ts";
import { createCases } from "./create.ts";
import { csrCases } from "./csr.ts";
import { csrStatusCases } from "./csr-status.ts";
import { deleteCases } from "./delete.ts";
import { discoveryCases } from "./discovery.ts";
import { dryRunCases } from "./dry-run.ts";
import { eventCases } from "./events.ts";
import { getCases } from "./get.ts";
import { leaseCases } from "./leases.ts";
import { listCases } from "./list.ts";
import { metadataCases } from "./metadata.ts";
import { patchCases } from "./patch.ts";
import { protocolCases } from "./protocol.ts";
import { schemaCases } from "./schema.ts";
import { storingCases } from "./schema-storing.ts";
import { secretCases } from "./secrets.ts";
import { selectorCases } from "./selectors.ts";
import { signerCases } from "./signers.ts";
import { statusCases } from "./status-subresource.ts";
import { tableCases } from "./tables.ts";
import { tokenCases } from "./tokens.ts";
import { updateCases } from "./update.ts";
import { watchCases } from "./watch.ts";
import { watchEndCases } from "./watch-ends.ts";

/** The whole suite. */
export const areas: readonly ContractArea[] = [
  createCases,
  metadataCases,
  getCases,
  listCases,
  selectorCases,
  watchCases,
  watchEndCases,
  updateCases,
  statusCases,
  patchCases,
  applyCases,
  applyErrorCases,
  applyStatusCases,
  applySequenceCases,
  schemaCases,
  storingCases,
  deleteCases,
  dryRunCases,
  crdCases,
  crdSchemaCases,
  discoveryCases,
  tableCases,
  secretCases,
  configMapCases,
  leaseCases,
  eventCases,
  tokenCases,
  accessCases,
  reviewCases,
  csrCases,
  csrStatusCases,
  signerCases,
  protocolCases,
];

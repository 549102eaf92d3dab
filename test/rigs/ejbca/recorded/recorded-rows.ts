import { accessRows } from "./access-rows.ts";
import { existingEntityRows } from "./existing-entity-rows.ts";
import { informationRows } from "./information-rows.ts";
import { issuingRows } from "./issuing-rows.ts";
import { outageRows } from "./outage-rows.ts";
import type { RecordedRow } from "./recorded-row.ts";
import { refusalRows } from "./refusal-rows.ts";
import { revocationRows } from "./revocation-rows.ts";
import { searchRows } from "./search-rows.ts";

/**
 * Facts from the recordings, each with the id of its exchange, so that the simulator is held to them where the recordings
 * themselves are not at hand. Where they are, `recorded-rows.test.ts` holds the table to them.
 */
export const recordedRows: readonly RecordedRow[] = [
  ...issuingRows,
  ...refusalRows,
  ...accessRows,
  ...informationRows,
  ...existingEntityRows,
  ...searchRows,
  ...revocationRows,
  ...outageRows,
];

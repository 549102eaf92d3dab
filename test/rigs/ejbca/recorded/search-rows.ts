import { searchFor } from "../call-ejbca.ts";
import { failure, type RecordedRow, type RowCall } from "./recorded-row.ts";
import { enrolled } from "./row-requests.ts";

const path = "/v1/certificate/search";
const found = { status: 200, keys: ["certificates", "more_results"] };
const forUser = { property: "QUERY", value: "rx-user", operation: "EQUAL" };

function search(criteria: readonly unknown[], maximum: number | undefined = 10): RowCall {
  return { path, body: { max_number_of_results: maximum, criteria } };
}

function complaint(id: string, call: RowCall, message: string): RecordedRow {
  return { id, call, answer: failure(400, message) };
}

/** Searches, of both versions. */
export const searchRows: readonly RecordedRow[] = [
  {
    id: "08:s-username",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "ok-p256" });
      return { path, body: searchFor("ok-p256") };
    },
    answer: found,
  },
  { id: "08:s-username-none", call: { path, body: searchFor("no-such-user-xyz") }, answer: found },
  { id: "08:s-norole", call: { as: "norole", path, body: searchFor("rx-user") }, answer: found },
  {
    id: "16:search-odd-4",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "lost1", end_entity_profile_name: "LabEEP-Password" });
      return { path, body: searchFor("LOST1") };
    },
    answer: found,
  },
  {
    id: "22:ns-search",
    call: async (ejbca) => {
      ejbca.authority("LabSlashCA").storesCertificates = false;
      const at = { certificate_authority_name: "LabSlashCA", end_entity_profile_name: "LabEEP-Password" };
      await enrolled(ejbca, { ...at, username: "ns1" });
      return { path, body: searchFor("ns1") };
    },
    answer: found,
  },
  complaint(
    "08:s-ca-unknown",
    search([forUser, { property: "CA", value: "NoSuchCA", operation: "EQUAL" }]),
    "Invalid search criteria content, unknown CA.",
  ),
  complaint(
    "08:s-bad-property",
    search([{ property: "USERNAME", value: "x", operation: "EQUAL" }]),
    "Invalid search criteria's property, unrecognized.",
  ),
  complaint(
    "08:s-bad-op",
    search([{ property: "QUERY", value: "x", operation: "CONTAINS" }]),
    "Invalid search criteria's operation, unrecognized.",
  ),
  complaint(
    "08:s-bad-date",
    search([{ property: "ISSUED_DATE", value: "yesterday", operation: "AFTER" }]),
    "Invalid search criteria content, value does not contain proper date.",
  ),
  complaint("08:s-empty-criteria", search([]), "Invalid criteria value, cannot be empty."),
  complaint(
    "08:s-no-max",
    { path, body: { criteria: [forUser] } },
    "Invalid maximum number of results, cannot be null.",
  ),
  complaint(
    "08:s-max-0",
    search([forUser], 0),
    "Invalid maximum number of results, cannot be less or equal to zero.",
  ),
  complaint(
    "08:s-max-1000",
    search([forUser], 1000),
    "Invalid maximum number of results, cannot be more than 400.",
  ),
  complaint(
    "08:s-dup-criteria",
    search([forUser, { ...forUser, value: "ok-rsa" }]),
    "Invalid criteria value, multiple 'QUERY' properties are not allowed.",
  ),
  {
    id: "08:s2-bad",
    call: {
      path: "/v2/certificate/search",
      body: { pagination: { page_size: 10, current_page: 0 }, criteria: [forUser] },
    },
    answer: failure(400, "Current page must be greater 0."),
  },
  {
    id: "08:s2-nopag",
    call: { path: "/v2/certificate/search", body: { criteria: [forUser] } },
    answer: failure(500, "General failure."),
  },
  {
    id: "08:s2-username",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "rx-user" });
      return {
        path: "/v2/certificate/search",
        body: { pagination: { page_size: 10, current_page: 1 }, criteria: [forUser] },
      };
    },
    answer: { status: 200, keys: ["certificates", "pagination_summary"] },
  },
];

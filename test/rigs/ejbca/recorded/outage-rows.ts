import { searchFor } from "../call-ejbca.ts";
import { failure, type RecordedRow } from "./recorded-row.ts";
import { enrolCall, enrolled } from "./row-requests.ts";

const general = failure(500, "General failure.");
const manual = { end_entity_profile_name: "LabEEP-Password" };

/** What is said while a CA, its token or the database is away. */
export const outageRows: readonly RecordedRow[] = [
  {
    id: "11:token-inactive",
    call: (ejbca) => {
      ejbca.authority("LabDownCA").tokenOffline = true;
      return enrolCall({ username: "dn1", certificate_authority_name: "LabDownCA" });
    },
    answer: failure(400, "CA token is offline for CA 'CN=LabDownCA,O=EJBCA Lab,C=SE'."),
  },
  {
    id: "11:token-inactive-health",
    call: (ejbca) => {
      ejbca.authority("LabDownCA").tokenOffline = true;
      return { as: null, from: "plain", path: "/ejbca/publicweb/healthcheck/ejbcahealth" };
    },
    answer: {
      status: 500,
      contentType: "text/html;charset=UTF-8",
      message:
        "<html><head><title>Error</title></head><body>\nCA: Error CA Token is disconnected, CA Name : LabDownCA</body></html>",
    },
  },
  {
    id: "11:ca-offline",
    call: (ejbca) => {
      ejbca.authority("LabDownCA").offline = true;
      return enrolCall({ username: "dn2", certificate_authority_name: "LabDownCA" });
    },
    answer: failure(400, "signsession.canotactive, CN=LabDownCA,O=EJBCA Lab,C=SE"),
  },
  {
    id: "11:ca-expired",
    call: (ejbca) => {
      ejbca.authority("LabShortCA").expired = true;
      return enrolCall({ username: "dn5", certificate_authority_name: "LabShortCA" });
    },
    answer: failure(400, "signsession.canotactive, CN=LabShortCA,O=EJBCA Lab,C=SE"),
  },
  {
    id: "22:val-p256",
    call: (ejbca) => {
      ejbca.authority("LabSlashCA").rsaSizes = [4096];
      return enrolCall({ ...manual, username: "v2", certificate_authority_name: "LabSlashCA" });
    },
    answer: { status: 201, keys: ["certificate", "serial_number", "response_format", "certificate_chain"] },
  },
  {
    id: "23:db-killed-enroll",
    call: (ejbca) => {
      ejbca.faults.database = "gone";
      return enrolCall({ ...manual, username: "dbo2" });
    },
    answer: general,
  },
  {
    id: "23:db-killed-list",
    call: (ejbca) => {
      ejbca.faults.database = "gone";
      return { path: "/v1/ca" };
    },
    answer: { status: 200, keys: ["certificate_authorities"] },
  },
  {
    id: "23:db-killed-search",
    call: async (ejbca) => {
      await enrolled(ejbca, { ...manual, username: "dbo2" });
      ejbca.faults.database = "gone";
      return { path: "/v1/certificate/search", body: searchFor("dbo2") };
    },
    answer: { status: 200, keys: ["certificates", "more_results"] },
  },
  {
    id: "23:db-back-later-list",
    call: (ejbca) => {
      ejbca.faults.database = "goneForLong";
      return { path: "/v1/ca" };
    },
    answer: general,
  },
];

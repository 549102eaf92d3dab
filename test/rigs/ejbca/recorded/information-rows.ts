import { failure, inPath, issuingDn, type RecordedRow } from "./recorded-row.ts";

const download = (dn: string) => `/v1/ca/${inPath(dn)}/certificate/download`;
const missing = (path: string) =>
  failure(
    404,
    `RESTEASY003210: Could not find resource for full path: https://localhost:28443/ejbca/ejbca-rest-api${path}`,
  );
const host = { host: "localhost:28443" };

/** What needs no certificate to be issued: states, paths, CAs and profiles. */
export const informationRows: readonly RecordedRow[] = [
  {
    id: "01:ca-status-none",
    call: { as: null, path: "/v1/ca/status" },
    answer: { status: 200, keys: ["status", "version", "revision"] },
  },
  { id: "01:ca-version", call: { path: "/v1/ca/version", headers: host }, answer: missing("/v1/ca/version") },
  {
    id: "01:path-v1-approval-status",
    call: { path: "/v1/approval/status", headers: host },
    answer: missing("/v1/approval/status"),
  },
  {
    id: "01:base-missing",
    call: { from: "host", path: "/ejbca-rest-api/v1/ca/status" },
    answer: {
      status: 404,
      contentType: "text/html",
      message: "<html><head><title>Error</title></head><body>404 - Not Found</body></html>",
    },
  },
  {
    id: "01:base-trailing-slash",
    call: { path: "/v1/ca/" },
    answer: { status: 200, keys: ["certificate_authorities"] },
  },
  {
    id: "01:rest-list-over-http",
    call: { as: null, from: "plain", path: "/ejbca/ejbca-rest-api/v1/ca" },
    answer: { status: 302, contentType: null, message: "" },
  },
  {
    id: "01:health-https",
    call: { as: null, from: "host", path: "/ejbca/publicweb/healthcheck/ejbcahealth" },
    answer: { status: 200, contentType: "text/plain;charset=ISO-8859-1", message: "ALLOK" },
  },
  {
    id: "02:ca-download-unknown",
    call: { path: download("CN=No Such CA") },
    answer: failure(404, "CA with ID -418711510 doesn't exist"),
  },
  {
    id: "02:ca-download-name-not-dn",
    call: { path: download("LabIssuingCA") },
    answer: failure(500, "General failure."),
  },
  {
    id: "02:ca-download-nocert",
    call: { as: null, path: download(issuingDn), headers: { accept: "*/*" } },
    answer: failure(403, "Error no client certificate or OAuth token received for authentication."),
  },
  {
    id: "02:crl",
    call: { path: `/v1/ca/${inPath(issuingDn)}/getLatestCrl` },
    answer: { status: 200, keys: ["crl", "response_format"] },
  },
  {
    id: "02:profile-norole",
    call: { as: "norole", path: "/v2/certificate/profile/LabTLS" },
    answer: {
      status: 200,
      keys: [
        "certificate_profile_id",
        "available_key_algs",
        "available_bit_lenghts",
        "available_security_levels",
        "available_ecdsa_curves",
        "available_cas",
      ],
    },
  },
  {
    id: "02:profile-unknown",
    call: { path: "/v2/certificate/profile/NoSuchProfile" },
    answer: failure(400, "Invalid search criteria, unknown certificate profile."),
  },
  { id: "02:count", call: { path: "/v2/certificate/count" }, answer: { status: 200, keys: ["count"] } },
  {
    id: "09:exp?days=x",
    call: { path: "/v1/certificate/expire?days=x" },
    answer: failure(
      404,
      "RESTEASY003870: Unable to extract parameter from http request: javax.ws.rs.QueryParam(\"days\") value is 'x'",
    ),
  },
];

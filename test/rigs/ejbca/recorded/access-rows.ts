import { searchFor } from "../call-ejbca.ts";
import type { Ejbca } from "../start-ejbca.ts";
import {
  disabledPage,
  enrolPath,
  failure,
  issuedKeys,
  type RecordedRow,
  type RowAnswer,
} from "./recorded-row.ts";
import { enrolCall, enrolled } from "./row-requests.ts";

const html = "text/html;charset=UTF-8";
const disabled: RowAnswer = { status: 403, contentType: html, message: disabledPage };
const noCredential = failure(403, "Error no client certificate or OAuth token received for authentication.");
const notAuthorised = failure(403, "Administrator is not authorized to resource /administrator. Msg: .");
const badToken = failure(403, "Authentication failed using OAuth Bearer Token");
const list: RowAnswer = { status: 200, keys: ["certificate_authorities"] };

const oneCa = { certificate_profile_name: "LabTLS", end_entity_profile_name: "LabEEP-OneCA" };
const notInProfile = failure(
  403,
  "Administrator not authorized to end entity profile 178038832. Admin: CN=issuer,O=EJBCA Lab.",
);

/** Takes rules from the role of the client `issuer`. */
function without(ejbca: Ejbca, ...rules: readonly string[]): void {
  for (const rule of rules) ejbca.role("issuer").rules.delete(rule);
}

function token(
  ejbca: Ejbca,
  change: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: "cert-manager", aud: "ejbca-lab", iat: now, exp: now + 300, ...change };
  return { authorization: `Bearer ${ejbca.oauth.mint(claims)}` };
}

/** Who may ask at all: protocols, browsers, certificates, roles and tokens. */
export const accessRows: readonly RecordedRow[] = [
  {
    id: "00:disabled-ca-list",
    call: (ejbca) => {
      ejbca.protocols.clear();
      return { path: "/v1/ca" };
    },
    answer: disabled,
  },
  {
    id: "00:disabled-ca-status",
    call: (ejbca) => {
      ejbca.protocols.clear();
      return { as: null, path: "/v1/ca/status" };
    },
    answer: disabled,
  },
  {
    id: "12:off-v2",
    call: (ejbca) => {
      ejbca.protocols.delete("REST Certificate Management");
      return { path: "/v2/certificate/status" };
    },
    answer: { status: 200, keys: ["status", "version", "revision"] },
  },
  {
    id: "12:v2off-profile",
    call: (ejbca) => {
      ejbca.protocols.delete("REST Certificate Management V2");
      return { path: "/v2/certificate/profile/LabTLS" };
    },
    answer: disabled,
  },
  { id: "01:path-v1-endentity-status", call: { path: "/v1/endentity/status" }, answer: disabled },
  {
    id: "06:browser-mode",
    call: () => enrolCall({ username: "b1" }, {}, { headers: { "sec-fetch-mode": "cors" } }),
    answer: disabled,
  },
  {
    id: "06:browser-dest",
    call: () => enrolCall({ username: "b2" }, {}, { headers: { "sec-fetch-dest": "empty" } }),
    answer: disabled,
  },
  {
    id: "06:browser-custom",
    call: () =>
      enrolCall(
        { username: "b3" },
        {},
        { headers: { "sec-fetch-mode": "cors", "x-keyfactor-requested-with": "XMLHttpRequest" } },
      ),
    answer: { status: 201, keys: issuedKeys },
  },
  {
    id: "06:browser-site-only",
    call: { path: "/v1/ca", headers: { "sec-fetch-site": "cross-site" } },
    answer: list,
  },
  { id: "02:ca-list-nocert", call: { as: null, path: "/v1/ca" }, answer: noCredential },
  {
    id: "06:auth-nocert-noauth-listener",
    call: () => enrolCall({ username: "a3" }, {}, { from: "proxy" }),
    answer: noCredential,
  },
  {
    id: "06:auth-norole",
    call: () => enrolCall({ username: "a4" }, {}, { as: "norole" }),
    answer: notAuthorised,
  },
  {
    id: "06:auth-othertrusted",
    call: () => enrolCall({ username: "a5" }, {}, { as: "othertrusted" }),
    answer: notAuthorised,
  },
  {
    id: "06:auth-revoked",
    call: () => enrolCall({ username: "a8" }, {}, { as: "revoked" }),
    answer: failure(
      403,
      "Authentication failed. Further information: No admin authenticated for certificate with serialNumber 675742490988031499952205129917990837755518551375 and issuerDN 'CN=ManagementCA,O=EJBCA Lab,C=SE'.",
    ),
  },
  {
    id: "06:auth-bearer-garbage",
    call: () =>
      enrolCall({ username: "a9" }, {}, { as: null, headers: { authorization: "Bearer abc.def.ghi" } }),
    answer: badToken,
  },
  {
    id: "06:auth-basic",
    call: () =>
      enrolCall({ username: "a10" }, {}, { as: null, headers: { authorization: "Basic dXNlcjpwYXNz" } }),
    answer: noCredential,
  },
  {
    id: "13:rb2-ca-list",
    call: (ejbca) => {
      ejbca.role("issuer").rules.clear();
      ejbca.role("issuer").rules.add("/administrator/");
      return { as: "issuer", path: "/v1/ca" };
    },
    answer: list,
  },
  {
    id: "13c:min-new-without-ca-LabIssuingCA-",
    call: (ejbca) => {
      without(ejbca, "/ca/LabIssuingCA/");
      return enrolCall(
        { ...oneCa, username: "mz3calabissuingca", include_chain: false },
        {},
        { as: "issuer" },
      );
    },
    answer: failure(403, "Administrator 'CN=issuer,O=EJBCA Lab' not authorized to CA LabIssuingCA."),
  },
  {
    id: "13c:min-new-without-ca_functionality-create_certificate-",
    call: (ejbca) => {
      without(ejbca, "/ca_functionality/create_certificate/");
      const username = "mz3unctionalitycreate_certificate";
      return enrolCall(
        { ...oneCa, username, include_chain: false },
        { subject: "CN=mz3", dns: [] },
        { as: "issuer" },
      );
    },
    answer: failure(
      403,
      "Administrator is not authorized to resource /ca_functionality/create_certificate. Msg: .",
    ),
  },
  {
    id: "13c:min-new-without-both-create",
    call: (ejbca) => {
      without(
        ejbca,
        "/ra_functionality/create_end_entity/",
        "/endentityprofilesrules/LabEEP-OneCA/create_end_entity/",
      );
      return enrolCall({ ...oneCa, username: "mz3-nocreate", include_chain: false }, {}, { as: "issuer" });
    },
    answer: notInProfile,
  },
  {
    id: "13b:l4-reenroll",
    call: async (ejbca) => {
      await enrolled(ejbca, { ...oneCa, username: "l2a" });
      without(ejbca, "/endentityprofilesrules/LabEEP-OneCA/edit_end_entity/");
      return enrolCall({ ...oneCa, username: "l2a" }, {}, { as: "issuer" });
    },
    answer: notInProfile,
  },
  {
    id: "13b:l-hijack-admin",
    call: () => enrolCall({ ...oneCa, username: "superadmin" }, {}, { as: "issuer" }),
    answer: { status: 201, keys: issuedKeys },
  },
  {
    id: "13b:l5-search",
    call: async (ejbca) => {
      await enrolled(ejbca, { ...oneCa, username: "l2a" });
      without(ejbca, "/endentityprofilesrules/LabEEP-OneCA/view_end_entity/");
      return { as: "issuer", path: "/v1/certificate/search", body: searchFor("l2a") };
    },
    answer: { status: 200, keys: ["certificates", "more_results"] },
  },
  {
    id: "14:oa-ok-list",
    call: (ejbca) => ({ as: null, path: "/v1/ca", headers: token(ejbca) }),
    answer: list,
  },
  {
    id: "14:oa-expired",
    call: (ejbca) => ({ as: null, path: "/v1/ca", headers: token(ejbca, { exp: 1_700_000_000 }) }),
    answer: failure(403, "Authentication failed using OAuth Bearer Token. JWT token has expired."),
  },
  {
    id: "14:oa-aud",
    call: (ejbca) => ({ as: null, path: "/v1/ca", headers: token(ejbca, { aud: "someone-else" }) }),
    answer: badToken,
  },
  {
    id: "14:oa-noexp",
    call: (ejbca) => ({ as: null, path: "/v1/ca", headers: token(ejbca, { exp: undefined }) }),
    answer: list,
  },
  {
    id: "14:oa-sub",
    call: (ejbca) => ({ as: null, path: "/v1/ca", headers: token(ejbca, { sub: "stranger" }) }),
    answer: list,
  },
  {
    id: "14:oa-sub-enroll",
    call: (ejbca) =>
      enrolCall({ username: "oa2" }, {}, { as: null, headers: token(ejbca, { sub: "stranger" }) }),
    answer: failure(403, "Administrator 'stranger' not authorized to CA LabIssuingCA."),
  },
  {
    id: "14:oa-both",
    call: (ejbca) => ({ as: "norole", path: "/v1/ca", headers: token(ejbca) }),
    answer: notAuthorised,
  },
  {
    id: "01:get-on-enroll",
    call: { path: enrolPath },
    answer: failure(405, "RESTEASY003650: No resource method found for GET, return 405 with Allow header"),
  },
  {
    id: "01:options-enroll",
    call: { method: "OPTIONS", path: enrolPath },
    answer: failure(500, "General failure."),
  },
  {
    id: "01:accept-xml",
    call: { path: "/v1/ca/status", headers: { accept: "application/xml" } },
    answer: failure(406, "RESTEASY003635: No match for accept header"),
  },
];

import { enrolPath, failure, type RecordedRow } from "./recorded-row.ts";
import { enrolCall, newKey, type RowCsr, withBrokenSignature } from "./row-requests.ts";

const generalFailure = "General failure.";
const invalid = "Invalid certificate request";

function row(
  id: string,
  given: Readonly<Record<string, unknown>>,
  message: string,
  csr: RowCsr = {},
  status = 400,
): RecordedRow {
  return { id, call: () => enrolCall(given, csr), answer: failure(status, message) };
}

function raw(id: string, body: string, status: number, message: string): RecordedRow {
  return { id, call: { path: enrolPath, body }, answer: failure(status, message) };
}

/** What pkcs10enroll refuses, and how it says so: nearly always with 400, some with 500. */
export const refusalRows: readonly RecordedRow[] = [
  row(
    "03:empty-subject-EMPTY-eep",
    {
      certificate_profile_name: "SERVER",
      end_entity_profile_name: "EMPTY",
      username: "empty-subject3",
      password: "foo123",
    },
    "Subject DN field 'COMMONNAME' must exist.",
    { subject: "" },
  ),
  row(
    "05:err-ca-unknown",
    { username: "e1", certificate_authority_name: "NoSuchCA" },
    'CA with name "NoSuchCA" doesn\'t exist',
  ),
  row(
    "05:err-cp-unknown",
    { username: "e2", certificate_profile_name: "NoSuchProfile" },
    'Certificate profile with name "NoSuchProfile" doesn\'t exist',
  ),
  row(
    "05:err-eep-unknown",
    { username: "e3", end_entity_profile_name: "NoSuchEEP" },
    'End Entity Profile of name "NoSuchEEP" was not found',
  ),
  row(
    "05:err-cp-not-in-eep",
    { username: "e4", certificate_profile_name: "LabTLS-NotInEEP" },
    "Couldn't find certificate profile (1520390572) among available certificate profiles.",
  ),
  row(
    "05:err-ca-not-in-eep",
    { username: "e5", end_entity_profile_name: "LabEEP-FixedOrg", certificate_authority_name: "LabECCA" },
    "Couldn't find CA (24613267) among End Entity Profiles Available CAs.",
    { subject: "CN=e5.lab.example,O=Lab Org" },
  ),
  row(
    "05:err-san-not-allowed",
    { username: "e6", end_entity_profile_name: "LabEEP-CNonly" },
    "Wrong number of DNSNAME fields in Subject Alternative Name.",
    { subject: "CN=e6.lab.example" },
  ),
  row(
    "05:err-dn-field-not-allowed",
    { username: "e7", end_entity_profile_name: "LabEEP-CNonly" },
    "Wrong number of ORGANIZATION fields in Subject DN.",
    { subject: "CN=e7.lab.example,O=X", dns: [] },
  ),
  row(
    "05:err-too-many-dns",
    { username: "e8" },
    "Wrong number of DNSNAME fields in Subject Alternative Name.",
    {
      dns: ["1", "2", "3", "4", "5", "6"].map((name) => `${name}.e8.lab.example`),
    },
  ),
  row(
    "05:err-fixed-org",
    { username: "e9", end_entity_profile_name: "LabEEP-FixedOrg" },
    'End entity profile does not contain matching field for ORGANIZATION with value "Evil Org".',
    { subject: "CN=e9.lab.example,O=Evil Org" },
  ),
  row(
    "05:err-cn-required",
    { username: "e10", end_entity_profile_name: "LabEEP-FixedOrg" },
    "Subject DN field 'COMMONNAME' must exist.",
    { subject: "O=Lab Org" },
  ),
  row(
    "05:err-email-san",
    { username: "e11" },
    "Wrong number of RFC822NAME fields in Subject Alternative Name.",
    {
      email: ["a@lab.example"],
    },
  ),
  row("05:err-csr-garbage", { username: "e14" }, invalid, { text: () => "this is not a csr" }),
  row("05:err-csr-truncated", { username: "e15" }, invalid, {
    text: (pem) => pem.replace(/[^\n]+\n(?=-----END)/, ""),
  }),
  row("05:err-csr-empty", { username: "e16" }, invalid, { text: () => "" }),
  row("05:err-csr-bad-signature", { username: "e19" }, "POPO verification failed.", {
    text: withBrokenSignature,
  }),
  row(
    "05:err-key-ed25519",
    { username: "e22" },
    "Illegal key algorithm, not authorized by certificate profile: Ed25519.",
    {
      key: newKey("Ed25519"),
    },
  ),
  row("05:err-username-missing", { username: undefined }, "Username cannot be empty or null."),
  row("05:err-username-empty", { username: "" }, "Username cannot be empty or null.", {
    subject: "CN=e24.lab.example",
  }),
  row(
    "05:err-username-long",
    { username: "u".repeat(300) },
    generalFailure,
    { subject: "CN=e25.lab.example", dns: [] },
    500,
  ),
  row(
    "05:err-ca-missing",
    { username: "e27", certificate_authority_name: undefined },
    'CA with name "null" doesn\'t exist',
  ),
  row(
    "05:err-cp-missing",
    { username: "e28", certificate_profile_name: undefined },
    'Certificate profile with name "null" doesn\'t exist',
  ),
  row("05:err-eep-missing", { username: "e29", end_entity_profile_name: undefined }, generalFailure, {}, 500),
  raw("05:err-json-malformed", '{"username": "x", ', 500, generalFailure),
  raw("05:err-json-array", "[]", 500, generalFailure),
  raw("05:err-json-emptyobject", "{}", 400, 'CA with name "null" doesn\'t exist'),
  raw("05:err-json-null", "null", 500, generalFailure),
  {
    id: "05:err-ctype-text",
    call: () => enrolCall({ username: "e36" }, {}, { contentType: "text/plain" }),
    answer: failure(415, "RESTEASY003065: Cannot consume content type"),
  },
  {
    id: "05:err-ctype-none",
    call: () => enrolCall({ username: "e37" }, {}, { contentType: null }),
    answer: failure(415, "RESTEASY003065: Cannot consume content type"),
  },
  row(
    "05b:key-rsa1024",
    { username: "key-rsa1024", certificate_profile_name: "LabTLS-Strict", include_chain: false },
    "Illegal key length, not authorized by certificate profile: 1024.",
    { key: newKey("RSA-1024") },
  ),
  row(
    "05b:key-p521",
    { username: "key-p521", certificate_profile_name: "LabTLS-Strict", include_chain: false },
    "createcert.illegaleccurve, secp521r1",
    { key: newKey("P-521") },
  ),
  row(
    "10:ap-p10",
    { username: "ap1", certificate_profile_name: "LabTLS-Approval" },
    "Single transaction enrollment request rejected since approvals are enabled for this CA (-270612655) or Certificate Profile (781942697).",
  ),
  row(
    "17:cp-case",
    {
      username: "n19",
      certificate_profile_name: "labtls",
      end_entity_profile_name: "LabEEP-Password",
      include_chain: false,
    },
    'Certificate profile with name "labtls" doesn\'t exist',
  ),
  row(
    "17:ca-space",
    {
      username: "n24",
      certificate_authority_name: "LabIssuingCA ",
      end_entity_profile_name: "LabEEP-Password",
      include_chain: false,
    },
    'CA with name "LabIssuingCA " doesn\'t exist',
  ),
  row(
    "17:dn-two-ou",
    { username: "n3", end_entity_profile_name: "LabEEP-Password", include_chain: false },
    "Wrong number of ORGANIZATIONALUNIT fields in Subject DN.",
    { subject: "CN=n3.lab.example,OU=A,OU=B" },
  ),
  row(
    "24:csr-new",
    { username: "cenew", end_entity_profile_name: "LabEEP-Password", include_chain: false },
    invalid,
    {
      text: (pem) => pem.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    },
  ),
  row(
    "24:csr-space",
    { username: "cespace", end_entity_profile_name: "LabEEP-Password", include_chain: false },
    invalid,
    {
      text: (pem) => `\n\n  ${pem}\n\n`,
    },
  ),
  row(
    "24:csr-base64-of-pem",
    { username: "cebase64-of-pem", end_entity_profile_name: "LabEEP-Password", include_chain: false },
    invalid,
    { text: (pem) => Buffer.from(pem).toString("base64") },
  ),
];

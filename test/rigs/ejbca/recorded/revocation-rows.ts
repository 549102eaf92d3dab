import { callEjbca } from "../call-ejbca.ts";
import type { Ejbca } from "../start-ejbca.ts";
import { failure, inPath, issuingDn, type RecordedRow, type RowCall } from "./recorded-row.ts";
import { enrolled } from "./row-requests.ts";

const serials = {
  rv1: "2dc1fc757aa4186e0cff57d6baef89c4d46ec146",
  rv2: "31dafd325119f34cd7afd97dc5591f284ae8bb3b",
  rv3: "754e3caf52790bcb4fdc9167647de641dd1d9bce",
} as const;

type Username = keyof typeof serials;

/** Issues with the recorded serial number, and answers the certificate's path. */
async function issued(
  ejbca: Ejbca,
  username: Username,
  spell = (hex: string) => hex.toUpperCase(),
): Promise<string> {
  ejbca.nextSerials.push(serials[username]);
  await enrolled(ejbca, { username });
  return `/v1/certificate/${inPath(issuingDn)}/${spell(serials[username])}`;
}

async function revokeCall(ejbca: Ejbca, username: Username, query: string): Promise<RowCall> {
  return { method: "PUT", path: `${await issued(ejbca, username)}/revoke${query}` };
}

const revokedKeys = [
  "issuer_dn",
  "serial_number",
  "revocation_reason",
  "revocation_date",
  "message",
  "revoked",
];
const unknown = `/v1/certificate/${inPath(issuingDn)}/1234ABCD`;
const elsewhere = `/v1/certificate/${inPath("CN=No Such CA")}/1234ABCD`;

/** Revoking, and asking whether something is revoked. */
export const revocationRows: readonly RecordedRow[] = [
  {
    id: "09:st-active",
    call: async (ejbca) => ({ path: `${await issued(ejbca, "rv1")}/revocationstatus` }),
    answer: { status: 200, keys: ["issuer_dn", "serial_number", "revocation_reason", "revoked"] },
  },
  {
    id: "09:rv-superseded",
    call: (ejbca) => revokeCall(ejbca, "rv1", "?reason=SUPERSEDED"),
    answer: { status: 200, keys: revokedKeys },
  },
  {
    id: "09:rv-again-other",
    call: async (ejbca) => {
      const { path } = await revokeCall(ejbca, "rv1", "?reason=SUPERSEDED");
      await callEjbca(ejbca, { method: "PUT", path, client: ejbca.clients.superadmin });
      return { method: "PUT", path: path.replace("SUPERSEDED", "KEY_COMPROMISE") };
    },
    answer: failure(
      409,
      `Certificate with issuer: ${issuingDn} and serial number: ${serials.rv1} has previously been revoked. Revocation reason could not be changed or was not allowed.`,
    ),
  },
  {
    id: "09:rv-noreason",
    call: (ejbca) => revokeCall(ejbca, "rv2", ""),
    answer: failure(400, "Invalid revocation reason."),
  },
  {
    id: "09:rv-lower",
    call: (ejbca) => revokeCall(ejbca, "rv2", "?reason=superseded"),
    answer: failure(400, "Invalid revocation reason."),
  },
  {
    id: "09:rv-backdate",
    call: (ejbca) => revokeCall(ejbca, "rv2", "?reason=SUPERSEDED&date=2026-11-23T00:00:00Z"),
    answer: failure(
      422,
      `Back dated revocation not allowed for certificate profile 'LabTLS'. Certificate serialNumber '${serials.rv2}', issuerDN '${issuingDn}'.`,
    ),
  },
  {
    id: "09:rv-baddate",
    call: (ejbca) => revokeCall(ejbca, "rv2", "?reason=SUPERSEDED&date=yesterday"),
    answer: failure(
      400,
      "'yesterday' is not a valid ISO8601 date. Example of a valid date: 2012-06-07T23:55:59+02:00",
    ),
  },
  {
    id: "09:rv-unhold",
    call: async (ejbca) => {
      const { path } = await revokeCall(ejbca, "rv2", "?reason=CERTIFICATE_HOLD");
      await callEjbca(ejbca, { method: "PUT", path, client: ejbca.clients.superadmin });
      return { method: "PUT", path: path.replace("CERTIFICATE_HOLD", "REMOVE_FROM_CRL") };
    },
    answer: { status: 200, keys: ["issuer_dn", "serial_number", "revocation_reason", "message", "revoked"] },
  },
  {
    id: "09:rv-0x",
    call: async (ejbca) => {
      const path = await issued(ejbca, "rv3", (hex) => `0x${hex}`);
      return { method: "PUT", path: `${path}/revoke?reason=CESSATION_OF_OPERATION` };
    },
    answer: failure(500, "General failure."),
  },
  {
    id: "09:rv-unknown-serial",
    call: { method: "PUT", path: `${unknown}/revoke?reason=SUPERSEDED` },
    answer: failure(404, `Could not find end entity certificate. Issuer ${issuingDn}, serialNo 1234abcd.`),
  },
  {
    id: "09:rv-bad-serial",
    call: { method: "PUT", path: `/v1/certificate/${inPath(issuingDn)}/XYZ/revoke?reason=SUPERSEDED` },
    answer: failure(
      400,
      "Invalid serial number format. Should be HEX encoded (optionally with '0x' prefix) e.g. '0x10782a83eef170d4'",
    ),
  },
  {
    id: "09:rv-unknown-issuer",
    call: { method: "PUT", path: `${elsewhere}/revoke?reason=SUPERSEDED` },
    answer: failure(404, "CA with id -418711510 does not exist."),
  },
  {
    id: "09:st-unknown-serial",
    call: { path: `${unknown}/revocationstatus` },
    answer: failure(
      404,
      `Certificate with serial number '1234ABCD' and issuer DN '${issuingDn}' was not found`,
    ),
  },
  {
    id: "09:st-unknown-issuer",
    call: { path: `${elsewhere}/revocationstatus` },
    answer: failure(404, "CA 'CN=No Such CA' does not exist."),
  },
];

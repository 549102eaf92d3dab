import { callEjbca } from "../call-ejbca.ts";
import type { Ejbca } from "../start-ejbca.ts";
import {
  errorKeys,
  failure,
  inPath,
  issuedKeys,
  issuingDn,
  leafKeys,
  type RecordedRow,
  type RowCall,
} from "./recorded-row.ts";
import { enrolCall, enrolled, newKey, type RowCsr } from "./row-requests.ts";

const path = "/v1/certificate/certificaterequest";

async function existing(fields: Readonly<Record<string, unknown>>, csr: RowCsr = {}): Promise<RowCall> {
  const { body } = await enrolCall({}, csr);
  const { certificate_request } = body as Record<string, unknown>;
  const standard = { password: "foo123", include_chain: true, certificate_authority_name: "LabIssuingCA" };
  return { path, body: { certificate_request, ...standard, ...fields } };
}

function add(ejbca: Ejbca, username: string, authority?: string): void {
  const names = {
    subjectDn: `CN=${username}.lab.example,O=EJBCA Lab`,
    dnsNames: [`${username}.lab.example`],
  };
  ejbca.endEntities.add({ username, password: "foo123", authority, ...names });
}

const approved = { certificateProfile: "LabTLS-Approval", password: "foo123" };

/** A request of the RA web with a CSR. */
async function requested(ejbca: Ejbca, username: string, id: string): Promise<void> {
  const { body } = await enrolCall({ username });
  const { certificate_request: csr } = body as { readonly certificate_request: string };
  const subjectDn = `CN=${username}.lab.example`;
  ejbca.requestEnrolment({ ...approved, username, subjectDn, csr }, id);
}

function finalizeCall(id: string, fields: Readonly<Record<string, unknown>> = {}): RowCall {
  return {
    path: `/v1/certificate/${id}/finalize`,
    body: { response_format: "DER", password: "foo123", ...fields },
  };
}

/** A certificate of a profile whose revocation needs approval, and the call that revokes it. */
async function revocation(ejbca: Ejbca): Promise<RowCall> {
  await requested(ejbca, "ap2", "1");
  ejbca.approvals.approve("1");
  const { path: finalizePath, body } = finalizeCall("1");
  const client = ejbca.clients.superadmin;
  const { json } = await callEjbca(ejbca, { path: finalizePath, body, client });
  const name = `${inPath(issuingDn)}/${json.serial_number}`;
  return { method: "PUT", path: `/v1/certificate/${name}/revoke?reason=SUPERSEDED` };
}

/** Enrolment of end entities that exist, and approvals. */
export const existingEntityRows: readonly RecordedRow[] = [
  {
    id: "07:cr-ok",
    call: (ejbca) => {
      add(ejbca, "cr1");
      return existing({ username: "cr1" });
    },
    answer: { status: 201, keys: issuedKeys },
  },
  {
    id: "07:cr-again-generated",
    call: async (ejbca) => {
      add(ejbca, "cr1");
      const call = await existing({ username: "cr1" });
      await callEjbca(ejbca, { path, body: call.body, client: ejbca.clients.superadmin });
      return existing({ username: "cr1" });
    },
    answer: failure(
      400,
      "Got request with status GENERATED (40). Status NEW, FAILED or INPROCESS required: cr1.",
    ),
  },
  {
    id: "07:cr-wrong-password",
    call: (ejbca) => {
      add(ejbca, "cr2");
      return existing({ username: "cr2", password: "nope" });
    },
    answer: failure(400, "Got request for user with invalid password: cr2."),
  },
  {
    id: "07:cr-unknown-user",
    call: () => existing({ username: "nobody-here" }),
    answer: failure(400, "Wrong username or password"),
  },
  {
    id: "07:cr-no-password",
    call: (ejbca) => {
      add(ejbca, "cr3");
      return existing({ username: "cr3", password: undefined });
    },
    answer: failure(500, "General failure."),
  },
  {
    id: "07:cr-key-conflict",
    call: async (ejbca) => {
      add(ejbca, "cr5");
      const key = newKey();
      await enrolled(ejbca, { username: "crk" }, { key });
      return existing({ username: "cr5" }, { key });
    },
    answer: failure(
      409,
      "Failed to generate certificate due to the new certificate conflicting with an existing one.",
    ),
  },
  {
    id: "07:cr-bad-csr",
    call: (ejbca) => {
      add(ejbca, "cr5");
      return existing({ username: "cr5" }, { text: () => "garbage" });
    },
    answer: failure(400, "Failed to generate certificate due to malformed CSR."),
  },
  {
    id: "07b:cr8-unknown-ca",
    call: (ejbca) => {
      add(ejbca, "cr8");
      return existing({ username: "cr8", certificate_authority_name: "NoSuchCA" });
    },
    answer: failure(404, "CA with name NoSuchCA doesn't exist."),
  },
  {
    id: "11:token-inactive-cr",
    call: (ejbca) => {
      add(ejbca, "cr7", "LabDownCA");
      ejbca.authority("LabDownCA").tokenOffline = true;
      return existing({ username: "cr7", certificate_authority_name: "LabDownCA" });
    },
    answer: failure(503, "Device was unavailable."),
  },
  {
    id: "10:fin-waiting",
    call: async (ejbca) => {
      await requested(ejbca, "ap2", "660681615");
      return { ...finalizeCall("660681615"), headers: { host: "localhost:28443" } };
    },
    answer: {
      status: 202,
      keys: ["status_code", "info_message", "link"],
      message: "https://localhost:28443/ejbca/ejbca-rest-api/660681615/finalize",
    },
  },
  {
    id: "10:fin-unknown",
    call: finalizeCall("424242"),
    answer: failure(400, "Could not find request with Id '424242'"),
  },
  {
    id: "10b:fin-wrong-password",
    call: async (ejbca) => {
      await requested(ejbca, "ap2", "660681615");
      ejbca.approvals.approve("660681615");
      return finalizeCall("660681615", { password: "wrong" });
    },
    answer: failure(403, "Got request for user with invalid password: ap2."),
  },
  {
    id: "10b:fin-no-format",
    call: finalizeCall("660681615", { response_format: undefined }),
    answer: failure(400, "Invalid parameter: response_format"),
  },
  {
    id: "10b:fin-pem",
    call: async (ejbca) => {
      await requested(ejbca, "ap2", "660681615");
      ejbca.approvals.approve("660681615");
      return finalizeCall("660681615", { response_format: "PEM" });
    },
    answer: { status: 201, keys: leafKeys },
  },
  {
    id: "10b:fin-rejected",
    call: async (ejbca) => {
      await requested(ejbca, "ap3", "414825123");
      ejbca.approvals.reject("414825123");
      return finalizeCall("414825123");
    },
    answer: failure(400, "Request with Id '414825123' has been rejected"),
  },
  {
    id: "10b:ap-revoke",
    call: revocation,
    answer: {
      status: 202,
      keys: ["status_code", "info_message"],
      message: "Revocation has been sent for approval by authorized administrators.",
    },
  },
  {
    id: "10b:ap-revoke-again",
    call: async (ejbca) => {
      const call = await revocation(ejbca);
      await callEjbca(ejbca, { ...call, client: ejbca.clients.superadmin });
      return call;
    },
    answer: {
      status: 400,
      keys: errorKeys,
      message: "Approval request with approvalID -865267889 already exists.",
    },
  },
];

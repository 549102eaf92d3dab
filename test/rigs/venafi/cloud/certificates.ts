import { z } from "zod";
import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { subjectValues } from "../subject.ts";
import { thumbprintOf } from "../thumbprint.ts";
import { cloudError, ownCodes } from "./error.ts";
import type { CloudCertificate } from "./orders.ts";
import { cloudBody } from "./requests.ts";
import type { CloudState } from "./state.ts";

/** `GET certificates/ID` */
export function showCertificate({ orders }: CloudState, id: string): SimulatorAnswer {
  return { status: 200, json: certificateAnswer(orders.certificate(id)) };
}

/** `GET certificates/ID/contents` */
export async function certificateContents(
  { orders, ca }: CloudState,
  id: string,
  { query }: SimulatorCall,
): Promise<SimulatorAnswer> {
  const certificate = orders.certificate(id);
  if (certificate.unsignedFor > 0) {
    certificate.unsignedFor -= 1;
    throw cloudError(409, ownCodes.notSigned, `Certificate ${id} has not been signed yet`, [id]);
  }
  const format = query.get("format") ?? "PEM";
  if (format !== "PEM") throw cloudError(400, ownCodes.unsupported, `Format ${format} is not supported`);
  const order = query.get("chainOrder") ?? "EE_FIRST";
  if (order !== "EE_FIRST" && order !== "ROOT_FIRST" && order !== "EE_ONLY")
    throw cloudError(400, ownCodes.badRequest, `Chain order ${order} is unknown`, [order]);
  const chain = order === "EE_FIRST" ? "leaf-first" : order === "ROOT_FIRST" ? "root-first" : "leaf-only";
  const { leaf } = certificate;
  return { status: 200, text: await ca.deliver({ leaf, csr: certificate.order.csr, chain }) };
}

const searchBody = z.looseObject({
  expression: z.looseObject({
    operands: z.array(
      z.looseObject({ field: z.string(), operator: z.string(), value: z.unknown().optional() }),
    ),
  }),
});

/** `POST certificatesearch`, by fingerprint only. */
export function searchCertificates({ orders }: CloudState, call: SimulatorCall): SimulatorAnswer {
  const { operands } = cloudBody(searchBody, call).expression;
  const [operand] = operands;
  if (operands.length !== 1 || operand?.field !== "fingerprint" || typeof operand.value !== "string")
    throw cloudError(400, ownCodes.unsupported, "The simulator searches by fingerprint only");
  const found = find(orders.certificates, operand.value);
  return { status: 200, json: { count: found.length, certificates: found.map(certificateAnswer) } };
}

const retireBody = z.looseObject({ certificateIds: z.array(z.string()) });

/** `POST certificates/retirement` */
export function retireCertificates({ orders, ledger }: CloudState, call: SimulatorCall): SimulatorAnswer {
  const ids = cloudBody(retireBody, call).certificateIds;
  const found = orders.certificates.filter(({ id }) => ids.includes(id));
  for (const certificate of found) {
    certificate.retired = true;
    ledger.append({ kind: "retirement", certificateId: certificate.id });
  }
  return { status: 200, json: { count: found.length, certificates: found.map(certificateAnswer) } };
}

const graphqlBody = z.looseObject({
  operationName: z.string(),
  variables: z.looseObject({ fingerprint: z.string().optional(), revocationReason: z.string().optional() }),
});

/** `POST /graphql`, of which only the mutation that revokes is known. */
export function graphql({ orders, ledger }: CloudState, call: SimulatorCall): SimulatorAnswer {
  const { operationName, variables } = cloudBody(graphqlBody, call);
  const problem = (message: string) => ({ status: 200, json: { errors: [{ message }], data: null } });
  if (operationName !== "RevokeCertificateRequest") return problem("The simulator knows no such operation");
  const { fingerprint = "", revocationReason: reason = "UNSPECIFIED" } = variables;
  const [certificate] = find(orders.certificates, fingerprint);
  if (certificate === undefined) return problem(`Unable to find certificate ${fingerprint}`);
  certificate.revoked = true;
  ledger.append({ kind: "revocation", certificateId: certificate.id, reason });
  const revocation = { status: "SUBMITTED", error: null, approvalDetails: null };
  const serialNumber = certificate.leaf.serialHex.toUpperCase();
  const revokeCertificate = { id: certificate.id, fingerprint, revocation, serialNumber };
  return { status: 200, json: { data: { revokeCertificate } } };
}

function find(certificates: readonly CloudCertificate[], fingerprint: string): CloudCertificate[] {
  const sought = fingerprint.toUpperCase();
  return certificates.filter(({ leaf }) => thumbprintOf(leaf.der) === sought);
}

function certificateAnswer({ id, order, leaf, retired, revoked }: CloudCertificate) {
  const { csr } = order;
  const { keyAlgorithm: key, names } = leaf;
  const keyFields =
    key.name === "EC"
      ? { encryptionType: "EC", keyCurve: key.curve.replace("-", "") }
      : { encryptionType: "RSA", keyStrength: key.name === "Ed25519" ? 0 : key.modulusLength };
  return {
    id,
    certificateRequestId: order.id,
    managedCertificateId: order.renews ?? id,
    applicationIds: [order.applicationId],
    certificateStatus: retired ? "RETIRED" : "ACTIVE",
    revocationStatus: revoked ? "SUBMITTED" : "NONE",
    fingerprint: thumbprintOf(leaf.der),
    serialNumber: leaf.serialHex.toUpperCase(),
    validityStart: leaf.notBefore.toISOString(),
    validityEnd: leaf.notAfter.toISOString(),
    subjectCN: subjectValues(csr, "CN"),
    subjectO: subjectValues(csr, "O")[0],
    subjectOU: subjectValues(csr, "OU"),
    subjectL: subjectValues(csr, "L")[0],
    subjectST: subjectValues(csr, "ST")[0],
    subjectC: subjectValues(csr, "C")[0],
    subjectAlternativeNameDns: names.dns,
    subjectAlternativeNamesByType: {
      dNSName: names.dns,
      rfc822Name: names.email,
      iPAddress: names.ip,
      uniformResourceIdentifier: names.uri,
    },
    tags: order.tags,
    ...keyFields,
  };
}

import { type Csr, SignerError } from "@countersign/issuer-core";
import { z } from "zod";
import { readBody, type SimulatorAnswer, type SimulatorCall } from "../answer.ts";
import { uuidOf } from "../guid.ts";
import { readCsrLeniently } from "../read-csr.ts";
import { cloudError, cloudErrors, knownCodes, ownCodes } from "./error.ts";
import type { CloudCertificate, CloudOrder } from "./orders.ts";
import { periodEnd } from "./period.ts";
import { type CloudState, zoneOf } from "./state.ts";
import type { CloudTemplate } from "./template.ts";
import { templateViolations } from "./violations.ts";

const caCertificateIds = [uuidOf("issuing CA"), uuidOf("root")];

const requestBody = z.looseObject({
  certificateSigningRequest: z.string().optional(),
  applicationId: z.string(),
  certificateIssuingTemplateId: z.string(),
  existingCertificateId: z.string().optional(),
  reuseCSR: z.boolean().optional(),
  validityPeriod: z.string().optional(),
  isVaaSGenerated: z.boolean().optional(),
  tags: z.array(z.string()).nullish(),
});

/** Reads a body; what is wrong with it is a 400. */
export function cloudBody<Schema extends z.ZodType>(schema: Schema, call: SimulatorCall): z.output<Schema> {
  return readBody(schema, call, (problem) => cloudError(400, ownCodes.badRequest, problem));
}

/** `POST certificaterequests` */
export async function createRequest(state: CloudState, call: SimulatorCall): Promise<SimulatorAnswer> {
  const body = cloudBody(requestBody, call);
  if (body.isVaaSGenerated === true)
    throw cloudError(400, ownCodes.unsupported, "The simulator makes no keys");
  const { applicationId, certificateIssuingTemplateId: templateId, existingCertificateId } = body;
  const { zone, template } = zoneOf(state, applicationId, templateId);
  if (template.csrUploadAllowed === false)
    throw cloudError(412, ownCodes.policy, "The template does not allow CSRs to be uploaded");
  const existing = state.orders.certificates.find(({ id }) => id === existingCertificateId);
  const csr = await csrOf(body, existing);
  const violations = templateViolations(template, csr);
  if (violations.length > 0) throw cloudErrors(412, violations);
  if (body.reuseCSR !== true) assertFreshKey(state, template, csr);
  const order = state.orders.take({
    zone,
    applicationId,
    templateId,
    csr,
    notAfter: periodEnd(body.validityPeriod, template, state.clock()),
    // A renewal keeps the tags unless it says others.
    tags: body.tags ?? existing?.order.tags ?? [],
    renews: existing?.id,
    approval: template.approval ?? false,
  });
  return { status: 201, json: { certificateRequests: [requestAnswer(order)] } };
}

async function csrOf(
  body: z.output<typeof requestBody>,
  existing: CloudCertificate | undefined,
): Promise<Csr> {
  if (body.existingCertificateId !== undefined && existing === undefined)
    throw cloudError(404, ownCodes.notInInventory, "Unable to find the existing certificate");
  if (body.reuseCSR === true && existing !== undefined) return existing.order.csr;
  try {
    return await readCsrLeniently(body.certificateSigningRequest ?? "");
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    throw cloudError(400, knownCodes.badCsr, "Unable to parse bytes of certificate signing request", [""]);
  }
}

function assertFreshKey({ orders }: CloudState, { keyReuse = true }: CloudTemplate, csr: Csr): void {
  const isUsed = ({ leaf }: CloudCertificate) => Buffer.from(leaf.spkiDer).equals(csr.spkiDer);
  if (!keyReuse && orders.certificates.some(isUsed))
    throw cloudError(412, ownCodes.policy, "Key reuse is not allowed by the template");
}

/** `GET certificaterequests/ID` */
export async function showRequest(state: CloudState, id: string): Promise<SimulatorAnswer> {
  return { status: 200, json: requestAnswer(await state.orders.look(id)) };
}

function requestAnswer(order: CloudOrder) {
  const { id, applicationId, templateId, status, createdAt, csr, tags, certificateId } = order;
  return {
    id,
    applicationId,
    certificateIssuingTemplateId: templateId,
    status,
    subjectDN: csr.subject,
    certificateSigningRequest: csr.pem,
    creationDate: createdAt.toISOString(),
    modificationDate: createdAt.toISOString(),
    tags,
    // The certificate first, then those of its CAs, which are in the inventory too.
    ...(certificateId === undefined ? {} : { certificateIds: [certificateId, ...caCertificateIds] }),
    ...(order.errorInformation === undefined ? {} : { errorInformation: order.errorInformation }),
  };
}

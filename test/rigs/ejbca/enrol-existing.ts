import { type Answer, htmlAnswer, jsonAnswer, Refused } from "./answer.ts";
import { readRequest, requestBytes } from "./certificate-request.ts";
import type { StoredCertificate } from "./certificate-store.ts";
import { type EndEntity, endEntityStatus } from "./end-entities.ts";
import { issuedBody } from "./enrol.ts";
import { issue } from "./issuance.ts";
import type { JsonObject } from "./json-body.ts";
import type { EnrolmentRoute } from "./ledger.ts";
import { type Admin, assertAdministrator } from "./roles.ts";
import { pages, texts } from "./texts.ts";
import type { World } from "./world.ts";

const path = "/v1/certificate/certificaterequest";

/**
 * POST /v1/certificate/certificaterequest: issues for an end entity that waits with an enrolment code. Names come from the
 * end entity, not from the CSR.
 */
export function enrolExisting(world: World, admin: Admin, body: JsonObject): Answer {
  assertAdministrator(admin);
  const password = body.text("password");
  if (password === undefined) throw new Refused(500, texts.generalFailure);
  const entity = world.endEntities.get(body.text("username") ?? "");
  if (entity === undefined) throw new Refused(400, texts.wrongUsernameOrPassword);
  assertWaiting(entity);
  if (entity.password !== password) throw new Refused(400, texts.wrongPassword(entity.username), "password");
  const certificate = issueForEntity(world, {
    entity,
    csr: body.value("certificate_request"),
    admin,
    route: "certificaterequest",
  });
  if (!("serial" in certificate)) return certificate;
  if (body.value("include_chain") !== true) return jsonAnswer(201, issuedBody(certificate));
  // The CA of the chain is looked up only now: an unknown name is a 404 after the certificate has been issued.
  const name = body.text("certificate_authority_name");
  const chainOf = world.authorities.get(name ?? "");
  if (chainOf === undefined) throw new Refused(404, texts.noCaAfterIssuing(`${name ?? null}`));
  return jsonAnswer(201, issuedBody(certificate, chainOf));
}

/** Throws where the end entity's status lets it have no certificate. */
export function assertWaiting({ status, username }: EndEntity): void {
  if (status !== "NEW" && status !== "FAILED" && status !== "INPROCESS")
    throw new Refused(400, texts.wrongStatus(`${status} (${endEntityStatus[status]})`, username));
}

/**
 * Issues for a registered end entity; failures have other answers here than on pkcs10enroll. Those for an illegal key are not
 * recorded: 422 follows the documented mapping.
 */
export function issueForEntity(
  world: World,
  given: {
    readonly entity: EndEntity;
    readonly csr: unknown;
    readonly admin: Admin;
    readonly route: EnrolmentRoute;
  },
): StoredCertificate | Answer {
  const { entity, csr, admin, route } = given;
  const authority = world.authorities.get(entity.authority);
  const profile = world.certificateProfiles.get(entity.certificateProfile);
  if (authority === undefined || profile === undefined)
    throw new TypeError(`Expected the CA and the profile of ${entity.username} to exist`);
  const bytes = requestBytes(csr);
  const request = bytes && readRequest(bytes);
  if (request === undefined) throw new Refused(400, texts.malformedCsr, "malformed");
  try {
    return issue(world, { entity, authority, profile, request, route, admin });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.kind === "inactive") return htmlAnswer(500, pages.stackTrace(path));
    if (error.kind === "token") throw new Refused(503, texts.deviceUnavailable);
    if (error.kind === "conflict") throw new Refused(409, texts.conflict);
    if (error.kind === "malformed") throw new Refused(400, texts.malformedCsr);
    throw error.kind === "key" ? new Refused(422, error.message) : error;
  }
}

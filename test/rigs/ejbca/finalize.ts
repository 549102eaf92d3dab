import { encodePem } from "@countersign/issuer-core";
import { type Answer, jsonAnswer, Refused } from "./answer.ts";
import { subjectText } from "./certificate-store.ts";
import { issuedBody } from "./enrol.ts";
import { assertWaiting, issueForEntity } from "./enrol-existing.ts";
import type { JsonObject } from "./json-body.ts";
import { type Admin, assertAdministrator } from "./roles.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** POST /v1/certificate/ID/finalize: the certificate of a request that has been approved, without its chain. */
export function finalize(
  world: World,
  admin: Admin,
  given: { readonly id: string; readonly body: JsonObject; readonly origin: string },
): Answer {
  const { id, body, origin } = given;
  assertAdministrator(admin);
  const format = body.text("response_format");
  if (format === undefined) throw new Refused(400, texts.noResponseFormat);
  const request = world.approvals.get(id);
  if (request?.enrolment === undefined) throw new Refused(400, texts.requestUnknown(id));
  switch (request.state) {
    case "waiting":
      return jsonAnswer(202, {
        status_code: 202,
        info_message: texts.requestWaits(id),
        // As this version writes it: without /v1/certificate, so that the link leads nowhere.
        link: `${origin}/ejbca/ejbca-rest-api/${id}/finalize`,
      });
    case "rejected":
      throw new Refused(400, texts.requestRejected(id));
    case "finalised":
      throw new Refused(400, texts.requestFinalised(id));
    case "approved":
      break;
  }
  const { username, csr } = request.enrolment;
  if (csr !== undefined && format !== "PEM" && format !== "DER") throw new Refused(400, texts.keystoreForCsr);
  const entity = world.endEntities.get(username);
  if (entity === undefined) throw new Refused(400, texts.wrongUsernameOrPassword);
  assertWaiting(entity);
  if (entity.password !== body.text("password")) throw new Refused(403, texts.wrongPassword(username));
  const certificate = issueForEntity(world, { entity, csr, admin, route: "finalize" });
  if (!("serial" in certificate)) return certificate;
  request.state = "finalised";
  const plain = issuedBody(certificate);
  if (format === "DER") return jsonAnswer(201, plain);
  const text = `Subject: ${subjectText(certificate)}\nIssuer: ${certificate.authority.dnText}\n${encodePem("CERTIFICATE", certificate.der)}`;
  return jsonAnswer(201, {
    ...plain,
    certificate: Buffer.from(text).toString("base64"),
    response_format: "PEM",
  });
}

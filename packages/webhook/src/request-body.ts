import type { SignRequest } from "@countersign/issuer-signer";
import { setAt } from "./fields.ts";
import type { WebhookRequestSpec } from "./spec.ts";

/** The body of a sign call, as the issuer's spec has it written. */
export function requestBody(request: SignRequest, spec: WebhookRequestSpec): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { field, value } of spec.values ?? []) setAt(body, field, value);
  setAt(body, spec.csrField, csrText(request, spec.csrFormat));
  if (spec.durationField !== undefined) setAt(body, spec.durationField, request.durationSeconds);
  if (spec.usagesField !== undefined) setAt(body, spec.usagesField, request.usages);
  if (spec.isCAField !== undefined) setAt(body, spec.isCAField, request.isCA);
  return body;
}

function csrText({ parsedCsr: { der, pem } }: SignRequest, format: WebhookRequestSpec["csrFormat"]): string {
  if (format === "pem") return pem;
  return Buffer.from(format === "base64-pem" ? pem : der).toString("base64");
}

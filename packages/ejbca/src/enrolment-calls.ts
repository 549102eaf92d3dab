import { randomBytes } from "node:crypto";
import type { SignRequest } from "@countersign/issuer-signer";
import type { Overridable } from "./overrides.ts";
import { features, isAtLeast, type ServerVersion } from "./server-version.ts";
import type { EjbcaSpec } from "./spec.ts";
import { parseTemplate, renderTemplate, type TemplatePart } from "./template.ts";

/** What is enrolled, after annotations had their say. */
export type Enrolment = Readonly<Record<Overridable, string>>;

/** EJBCA counts a certificate's lifetime from ten minutes before it is issued. */
export const backdateSeconds = 600;

interface DataField {
  readonly name: string;
  readonly value: readonly TemplatePart[];
}

/** What {@link EnrolmentCalls} needs of the issuer. */
export interface EnrolmentCallsOptions {
  readonly spec: EjbcaSpec;
  /** From the issuer's Secret. */
  readonly enrollmentCode: string | undefined;
}

/** The calls that have EJBCA issue. */
export class EnrolmentCalls {
  readonly #spec: EjbcaSpec;
  readonly #code: string | undefined;
  readonly #email: readonly TemplatePart[] | undefined;
  readonly #bindingId: readonly TemplatePart[] | undefined;
  readonly #extensionData: readonly DataField[];
  readonly #customData: readonly DataField[];

  /** Throws an IssuerError for a malformed template. */
  constructor({ spec, enrollmentCode }: EnrolmentCallsOptions) {
    const optional = (field: string, text: string | undefined) =>
      text === undefined ? undefined : parseTemplate(field, text);
    const fields = (field: string, data: EjbcaSpec["customData"] = []) =>
      data.map(({ name, value }) => ({ name, value: parseTemplate(field, value) }));
    this.#spec = spec;
    this.#code = enrollmentCode;
    this.#email = optional("email", spec.email);
    this.#bindingId = optional("accountBindingId", spec.accountBindingId);
    this.#extensionData = fields("extensionData", spec.extensionData);
    this.#customData = fields("customData", spec.customData);
  }

  /** Whether the issuer sends what an older EJBCA drops in silence. */
  get hasEndEntityData(): boolean {
    return this.#extensionData.length + this.#customData.length > 0;
  }

  /** Whether the request's lifetime is asked for at such a server. */
  asksForDuration(version: ServerVersion | undefined): boolean {
    const { requestDuration, mode } = this.#spec;
    return requestDuration && mode === "createOrUpdate" && isAtLeast(version, ...features.endTime);
  }

  /** Makes or changes the end entity, and issues. */
  pkcs10enroll(
    request: SignRequest,
    enrolment: Enrolment,
    version: ServerVersion | undefined,
    now: number,
  ): { readonly path: string; readonly json: object } {
    const password = this.#code ?? (this.#spec.generateEnrollmentCode ? randomCode() : undefined);
    const data = (fields: readonly DataField[]) =>
      fields.flatMap(({ name, value }) => {
        const text = renderTemplate(value, request);
        return text === undefined ? [] : [{ name, value: text }];
      });
    const given = {
      password,
      email: this.#email && renderTemplate(this.#email, request),
      account_binding_id: this.#bindingId && renderTemplate(this.#bindingId, request),
      extension_data: this.#extensionData.length > 0 ? data(this.#extensionData) : undefined,
      custom_data: this.#customData.length > 0 ? data(this.#customData) : undefined,
      end_time: this.asksForDuration(version) ? endTime(request.durationSeconds, now) : undefined,
    };
    return {
      path: "v1/certificate/pkcs10enroll",
      json: {
        certificate_request: request.csr,
        certificate_authority_name: enrolment.certificateAuthorityName,
        certificate_profile_name: enrolment.certificateProfileName,
        end_entity_profile_name: enrolment.endEntityProfileName,
        username: enrolment.endEntityName,
        include_chain: true,
        ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      },
    };
  }

  /** Issues for an end entity that is there, by the profiles that it has. */
  certificaterequest(
    request: SignRequest,
    enrolment: Enrolment,
  ): { readonly path: string; readonly json: object } {
    return {
      path: "v1/certificate/certificaterequest",
      json: {
        certificate_request: request.csr,
        certificate_authority_name: enrolment.certificateAuthorityName,
        username: enrolment.endEntityName,
        password: this.#code ?? "",
        include_chain: true,
      },
    };
  }
}

/** UTC, in the one form that EJBCA takes: RFC 3339 is ignored in silence. */
function endTime(durationSeconds: number, now: number): string {
  const end = new Date(now + (durationSeconds - backdateSeconds) * 1000);
  return end.toISOString().slice(0, 19).replace("T", " ");
}

/** Of letters and digits: an end entity profile may demand strength, and no policy is known that forbids these. */
function randomCode(): string {
  return randomBytes(24).toString("base64url").replace(/[-_]/g, "x");
}

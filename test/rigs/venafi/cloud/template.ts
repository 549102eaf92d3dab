import { uuidOf } from "../guid.ts";

/** A kind of key that a template allows. */
export type AllowedKeys =
  | { readonly keyType: "RSA"; readonly keyLengths: readonly number[] }
  | { readonly keyType: "EC"; readonly keyCurves: readonly ("P256" | "P384" | "P521" | "ED25519")[] };

/** What a certificate issuing template says; what is left out is open. Every expression must match the whole value; a part of the subject that is not there has the
 * value "". */
export interface CloudTemplate {
  readonly subjectCNRegexes?: readonly string[] | undefined;
  readonly subjectORegexes?: readonly string[] | undefined;
  readonly subjectOURegexes?: readonly string[] | undefined;
  readonly subjectSTRegexes?: readonly string[] | undefined;
  readonly subjectLRegexes?: readonly string[] | undefined;
  readonly subjectCValues?: readonly string[] | undefined;
  /** Of DNS names. The other kinds are not allowed unless they have expressions of their own. */
  readonly sanRegexes?: readonly string[] | undefined;
  readonly sanRfc822NameRegexes?: readonly string[] | undefined;
  readonly sanIpAddressRegexes?: readonly string[] | undefined;
  readonly sanUniformResourceIdentifierRegexes?: readonly string[] | undefined;
  readonly keyTypes?: readonly AllowedKeys[] | undefined;
  /** What clients are to fill in where nothing is said; nothing unless given. */
  readonly recommended?:
    | {
        readonly subjectOValue?: string | undefined;
        readonly subjectOUValue?: string | undefined;
        readonly subjectLValue?: string | undefined;
        readonly subjectSTValue?: string | undefined;
        readonly subjectCValue?: string | undefined;
        readonly key?:
          | { readonly type: "RSA" | "EC"; readonly length?: number; readonly curve?: string }
          | undefined;
      }
    | undefined;
  /** True unless given. */
  readonly keyReuse?: boolean | undefined;
  /** Longest validity in days; 90 unless given. */
  readonly validityDays?: number | undefined;
  /** True unless given. */
  readonly csrUploadAllowed?: boolean | undefined;
  /** Issued by another company's CA: a validity in hours is passed over, as such CAs do. */
  readonly thirdPartyCa?: boolean | undefined;
  /** Every request waits for approval. */
  readonly approval?: boolean | undefined;
}

/** Lets everything through. */
export const any = Object.freeze([".*"]);
/** The keys that a template allows that names none. */
export const allKeys: readonly AllowedKeys[] = Object.freeze([
  { keyType: "RSA", keyLengths: [2048, 3072, 4096] },
  { keyType: "EC", keyCurves: ["P256", "P384", "P521"] },
]);

/** The answer of `applications/APP/certificateissuingtemplates/ALIAS`. */
export function templateAnswer(alias: string, template: CloudTemplate, companyId: string) {
  return {
    id: templateId(alias),
    companyId,
    certificateAuthority: "BUILTIN",
    name: alias,
    certificateAuthorityAccountId: caAccountId,
    certificateAuthorityProductOptionId: caProductId,
    product: { certificateAuthority: "BUILTIN", productName: "Default Product" },
    priority: 0,
    systemGenerated: false,
    creationDate: "2026-01-01T00:00:00.000+00:00",
    modificationDate: "2026-01-01T00:00:00.000+00:00",
    status: "AVAILABLE",
    reason: "",
    subjectCNRegexes: template.subjectCNRegexes ?? any,
    subjectORegexes: template.subjectORegexes ?? any,
    subjectOURegexes: template.subjectOURegexes ?? any,
    subjectSTRegexes: template.subjectSTRegexes ?? any,
    subjectLRegexes: template.subjectLRegexes ?? any,
    subjectCValues: template.subjectCValues ?? any,
    sanRegexes: template.sanRegexes ?? any,
    // Left out of the answer where they are not set, as the zones of the vendor's own tests have it.
    sanRfc822NameRegexes: template.sanRfc822NameRegexes,
    sanIpAddressRegexes: template.sanIpAddressRegexes,
    sanUniformResourceIdentifierRegexes: template.sanUniformResourceIdentifierRegexes,
    keyTypes: template.keyTypes ?? allKeys,
    keyReuse: template.keyReuse ?? true,
    recommendedSettings: template.recommended ?? {},
    validityPeriod: `P${template.validityDays ?? 90}D`,
    csrUploadAllowed: template.csrUploadAllowed ?? true,
    keyGeneratedByVenafiAllowed: false,
  };
}

export const caAccountId = uuidOf("built-in CA account");
const caProductId = uuidOf("built-in CA product");

/** The answer of `certificateauthorities/BUILTIN/accounts/ID`. */
export function caAccountAnswer() {
  return {
    account: { id: caAccountId, key: "Built-In CA", certificateAuthority: "BUILTIN" },
    productOptions: [
      { id: caProductId, productName: "Default Product", productDetails: { productTemplate: {} } },
    ],
  };
}

export function templateId(alias: string): string {
  return uuidOf(`template ${alias}`);
}

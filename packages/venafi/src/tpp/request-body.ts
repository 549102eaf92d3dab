import type { SignRequest } from "@countersign/issuer-signer";
import type { CustomField } from "../custom-fields.ts";

/** What {@link requestBody} puts together. */
export interface RequestBodyOptions {
  readonly request: SignRequest;
  readonly policyDn: string;
  readonly objectName: string;
  readonly origin: string;
  readonly cadn: string | undefined;
  readonly contacts: readonly string[];
  readonly customFields: readonly CustomField[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The end of the lifetime under the name that each kind of CA template reads; TPP passes over those of other kinds. */
const endDateAttributes: readonly string[] = Object.freeze([
  "Specific End Date",
  "Microsoft CA:Specific End Date",
  "DigiCert CA:Specific End Date",
  "EntrustNET CA:Specific End Date",
]);

/** Body of `certificates/request`: a CSR for an object that TPP does not renew by itself. */
export function requestBody(options: RequestBodyOptions): Readonly<Record<string, unknown>> {
  const { request, policyDn, objectName, origin, cadn, contacts, customFields, now } = options;
  const end = new Date(now + request.durationSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    PolicyDN: policyDn,
    ObjectName: objectName,
    PKCS10: request.csr,
    ...(cadn === undefined ? {} : { CADN: cadn }),
    CertificateType: "AUTO",
    DisableAutomaticRenewal: true,
    // An object that was disabled, by hand or with a revocation, would stay so.
    Reenable: true,
    Origin: origin,
    SubjectAltNames: alternativeNames(request),
    CASpecificAttributes: [
      { Name: "Origin", Value: origin },
      ...endDateAttributes.map((Name) => ({ Name, Value: end })),
    ],
    ...(customFields.length === 0
      ? {}
      : { CustomFields: customFields.map(({ name, values }) => ({ Name: name, Values: values })) }),
    ...(contacts.length === 0
      ? {}
      : { Contacts: contacts.map((PrefixedUniversal) => ({ PrefixedUniversal })) }),
  };
}

/** TPP's numbers for the kinds of name; other names (0, UPN) are in the CSR alone. */
function alternativeNames({ parsedCsr: { names } }: SignRequest) {
  const kinds: readonly (readonly [number, readonly string[]])[] = [
    [1, names.email],
    [2, names.dns],
    [6, names.uri],
    [7, names.ip],
  ];
  return kinds.flatMap(([Type, values]) => values.map((Name) => ({ Type, Name })));
}

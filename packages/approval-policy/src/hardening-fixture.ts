import { der, derOid, derSequence, tags } from "@countersign/issuer-signer/der";
import { attribute, type CsrParts, dnsName, extension, otherName } from "./request-fixture.ts";

/** For tests: what a hostile CSR has, its parts, our violation, and what approver-policy v0.28.0 decides. */
export type HardeningRow = readonly [
  what: string,
  parts: CsrParts,
  request: object,
  path: string,
  real: "approved" | "denied" | "error",
];

const utf8 = (value: string): Uint8Array => der(tags.utf8String, Buffer.from(value));
const san = (name: string): Uint8Array => extension("2.5.29.17", derSequence(dnsName(name)));
const serverAuth = extension("2.5.29.37", derSequence(derOid("1.3.6.1.5.5.7.3.1")));
const ca = extension("2.5.29.19", derSequence(Uint8Array.of(1, 1, 0xff)));

/** Under a policy that allows every value of every named field. */
export const hardeningRows: readonly HardeningRow[] = [
  ["a second SAN extension", { sans: [dnsName("a.x")], extensions: [san("evil.x")] }, {}, "request", "error"],
  ["bytes behind the request", { trailing: Uint8Array.of(0) }, {}, "request", "error"],
  [
    "no names in its SAN extension",
    { extensions: [extension("2.5.29.17", derSequence())] },
    {},
    "request",
    "approved",
  ],
  [
    "an otherName that is not listed",
    { sans: [otherName("1.3.6.1.4.1.311.20.2.3", "root@evil")] },
    {},
    "spec.allowed.otherNames[1.3.6.1.4.1.311.20.2.3]",
    "denied",
  ],
  [
    "an extension that no field decides on, such as the template of AD CS",
    { extensions: [extension("1.3.6.1.4.1.311.20.2", utf8("DomainController"))] },
    {},
    "request.extensions",
    "approved",
  ],
  [
    "a PKCS#10 attribute, such as a challenge password",
    { attributes: [attribute("1.2.840.113549.1.9.7", utf8("secret"))] },
    {},
    "request.attributes",
    "approved",
  ],
  ["a CA flag that the request object does not have", { extensions: [ca] }, {}, "request", "approved"],
  [
    "other usages than the request object",
    { extensions: [serverAuth] },
    { usages: ["client auth"] },
    "request",
    "approved",
  ],
  [
    "a repeated common name",
    {
      subject: [
        ["2.5.4.3", "a"],
        ["2.5.4.3", ""],
      ],
    },
    {},
    "",
    "approved",
  ],
  [
    "an organization in a numeric string",
    { subject: [["2.5.4.10", "12", tags.numericString]] },
    {},
    "",
    "approved",
  ],
  [
    "an organization that is no string",
    { subject: [["2.5.4.10", "\x05", tags.integer]] },
    {},
    "request",
    "denied",
  ],
  ["a subject with NUL in it", { subject: [["2.5.4.3", "a\0b"]] }, {}, "request", "approved"],
];

const any = { values: ["*"] };
/** A spec that allows every value of every named field. */
export const allowAll = {
  allowed: {
    commonName: { value: "*" },
    dnsNames: any,
    ipAddresses: any,
    uris: any,
    emailAddresses: any,
    isCA: true,
    usages: ["server auth", "client auth", "digital signature", "key encipherment"],
    subject: {
      organizations: any,
      countries: any,
      organizationalUnits: any,
      localities: any,
      provinces: any,
      streetAddresses: any,
      postalCodes: any,
      serialNumber: { value: "*" },
    },
  },
};

import { Refused } from "./answer.ts";
import type { CertificateAuthority } from "./authorities.ts";
import type { CertificateProfile } from "./certificate-profiles.ts";
import type { SanField, SanName } from "./certificate-request.ts";
import type { DnPart } from "./distinguished-name.ts";
import type { EndEntityProfile } from "./end-entity-profiles.ts";
import { texts } from "./texts.ts";

/** Names of subject fields in messages, in the order in which EJBCA looks at them. */
const fieldNames: Readonly<Record<string, string>> = Object.freeze({
  E: "EMAILADDRESS",
  UID: "UID",
  CN: "COMMONNAME",
  SERIALNUMBER: "SERIALNUMBER",
  OU: "ORGANIZATIONALUNIT",
  O: "ORGANIZATION",
  L: "LOCALITY",
  ST: "STATEORPROVINCE",
  DC: "DOMAINCOMPONENT",
  C: "COUNTRY",
});

const sanFields: readonly SanField[] = [
  "DNSNAME",
  "IPADDRESS",
  "UNIFORMRESOURCEID",
  "RFC822NAME",
  "OTHERNAME",
];

/** What an end entity profile is asked about. */
export interface Candidate {
  readonly subject: readonly DnPart[];
  readonly names: readonly SanName[];
  readonly authority: CertificateAuthority;
  readonly certificateProfile: CertificateProfile;
}

/** Whether an end entity may be as given; the first thing that is wrong is thrown as a {@link Refused}. */
export function assertFulfills(
  profile: EndEntityProfile,
  { subject, names, authority, certificateProfile }: Candidate,
): void {
  const refuse = (message: string): never => {
    throw new Refused(400, message);
  };
  for (const [type, { required }] of Object.entries(profile.subject))
    if (required === true && !subject.some((part) => part.type === type))
      refuse(texts.fieldMissing(fieldNames[type] ?? type));
  const types = new Set([...Object.keys(fieldNames), ...subject.map(({ type }) => type)]);
  for (const type of types) {
    const found = subject.filter((part) => part.type === type);
    if (found.length > (profile.subject[type] === undefined ? 0 : 1))
      refuse(texts.wrongNumberInDn(fieldNames[type] ?? type));
  }
  for (const field of sanFields)
    if (names.filter((name) => name.field === field).length > (profile.names[field] ?? 0))
      refuse(texts.wrongNumberInSan(field));
  for (const { type, value } of subject) {
    const wanted = profile.subject[type]?.value;
    if (wanted !== undefined && wanted !== value) refuse(texts.wrongValue(fieldNames[type] ?? type, value));
  }
  if (!profile.certificateProfiles.includes(certificateProfile.name))
    refuse(texts.profileNotAvailable(certificateProfile.id));
  if (profile.authorities !== undefined && !profile.authorities.includes(authority.name))
    refuse(texts.caNotAvailable(authority.id));
}

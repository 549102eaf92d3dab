import type { SanName } from "./certificate-request.ts";
import { type DnPart, parseDn } from "./distinguished-name.ts";

/** An end entity's status, by its number in EJBCA. */
export const endEntityStatus = Object.freeze({
  NEW: 10,
  FAILED: 11,
  INPROCESS: 20,
  GENERATED: 40,
  REVOKED: 50,
});

/** Name of a status. */
export type EndEntityStatus = keyof typeof endEntityStatus;

/** An end entity: the record under a username that certificates are issued for. */
export interface EndEntity {
  readonly username: string;
  /** The enrolment code; undefined once it has been used. */
  password: string | undefined;
  status: EndEntityStatus;
  subject: readonly DnPart[];
  names: readonly SanName[];
  authority: string;
  certificateProfile: string;
  endEntityProfile: string;
}

/** What {@link EndEntities.add} needs. */
export interface NewEndEntity {
  readonly username: string;
  readonly password: string;
  /** `CN=web,O=Org`; the certificate has this subject, whatever the CSR says. */
  readonly subjectDn: string;
  readonly dnsNames?: readonly string[] | undefined;
  readonly authority?: string | undefined;
  readonly certificateProfile?: string | undefined;
  readonly endEntityProfile?: string | undefined;
}

const columnLength = 250;

/** The end entities, by username; two that differ in case are two. */
export class EndEntities {
  readonly #byName = new Map<string, EndEntity>();

  get(username: string): EndEntity | undefined {
    return this.#byName.get(username);
  }

  put(entity: EndEntity): void {
    this.#byName.set(entity.username, entity);
  }

  /** As an administrator adds one in the RA web: status NEW, waiting for its enrolment code. Throws a TypeError for a bad name. */
  add(given: NewEndEntity): EndEntity {
    const subject = parseDn(given.subjectDn);
    if (subject === undefined)
      throw new TypeError(`Expected \`subjectDn\` to be a name, got ${given.subjectDn}`);
    const entity: EndEntity = {
      username: given.username,
      password: given.password,
      status: "NEW",
      subject,
      names: (given.dnsNames ?? []).map((name) => ({
        field: "DNSNAME",
        tag: 0x82,
        value: Buffer.from(name),
      })),
      authority: given.authority ?? "LabIssuingCA",
      certificateProfile: given.certificateProfile ?? "LabTLS",
      endEntityProfile: given.endEntityProfile ?? "LabEEP-Password",
    };
    this.put(entity);
    return entity;
  }
}

/** The username as it is stored: trimmed, and with what EJBCA takes for dangerous replaced by a slash. */
export function storedUsername(username: string): string {
  return username.trim().replace(/[;%<>`?$!\r\n]/g, "/");
}

/** Whether the username fits the database's column. */
export function fitsColumn(username: string): boolean {
  return username.length <= columnLength;
}

/** Values of names, with what EJBCA replaces by a slash: seen for `;` in O, for `?` and `%` in URIs. */
export function strippedValue(value: string): string {
  return value.replace(/[;%?`$!\r\n]/g, "/");
}

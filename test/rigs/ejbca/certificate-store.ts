import { createHash } from "node:crypto";
import type { CertificateAuthority } from "./authorities.ts";
import type { SanName } from "./certificate-request.ts";
import { type DnPart, dnText } from "./distinguished-name.ts";

/** Why and since when a certificate is revoked. */
export interface Revocation {
  readonly reason: string;
  readonly date: Date;
}

/** A certificate in the database. */
export interface StoredCertificate {
  /** As answers spell it. */
  readonly serial: string;
  readonly der: Uint8Array;
  /** SHA-1 of the DER: the key of EJBCA's table. */
  readonly fingerprint: string;
  readonly caFingerprint: string;
  readonly authority: CertificateAuthority;
  readonly username: string;
  readonly subject: readonly DnPart[];
  readonly names: readonly SanName[];
  readonly spkiDer: Uint8Array;
  readonly csrDer: Uint8Array;
  readonly certificateProfile: string;
  readonly endEntityProfile: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuedAt: Date;
  revocation: Revocation | undefined;
  updatedAt: Date;
}

/** The certificates in the database, in the order of issuing. */
export class CertificateStore {
  readonly #certificates: StoredCertificate[] = [];

  get all(): readonly StoredCertificate[] {
    return this.#certificates;
  }

  add(certificate: StoredCertificate): void {
    this.#certificates.push(certificate);
  }

  find(authority: CertificateAuthority, serial: string): StoredCertificate | undefined {
    return this.#certificates.find((stored) => stored.authority === authority && stored.serial === serial);
  }

  of(authority: CertificateAuthority): StoredCertificate[] {
    return this.#certificates.filter((stored) => stored.authority === authority);
  }
}

/** SHA-1, lower-case hexadecimal. */
export function sha1(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** SHA-256, lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `dNSName=a, iPAddress=192.0.2.1`, as EJBCA writes alternative names. */
export function sanText(names: readonly SanName[]): string {
  return names.map(({ field, value }) => `${sanTypes[field]}=${sanValue(field, value)}`).join(", ");
}

const sanTypes = Object.freeze({
  DNSNAME: "dNSName",
  IPADDRESS: "iPAddress",
  UNIFORMRESOURCEID: "uniformResourceId",
  RFC822NAME: "rfc822name",
  OTHERNAME: "otherName",
});

function sanValue(field: SanName["field"], value: Uint8Array): string {
  if (field !== "IPADDRESS") return Buffer.from(value).toString("latin1");
  if (value.length === 4) return value.join(".");
  return (Buffer.from(value).toString("hex").match(/.{4}/g) ?? [])
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(":");
}

/** The subject of a stored certificate in EJBCA's spelling. */
export function subjectText({ subject }: StoredCertificate): string {
  return dnText(subject);
}

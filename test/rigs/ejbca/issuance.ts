import { encodePem } from "@countersign/issuer-core";
import { Refused } from "./answer.ts";
import type { CertificateAuthority } from "./authorities.ts";
import type { CertificateProfile } from "./certificate-profiles.ts";
import type { ReadRequest } from "./certificate-request.ts";
import { type StoredCertificate, sha1, sha256, subjectText } from "./certificate-store.ts";
import { dnText } from "./distinguished-name.ts";
import type { EndEntity } from "./end-entities.ts";
import { assertKeyAllowed } from "./key-checks.ts";
import type { EnrolmentRoute } from "./ledger.ts";
import { makeCertificate } from "./make-certificate.ts";
import type { Admin } from "./roles.ts";
import { serialHex } from "./serial-numbers.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** What {@link issue} needs. */
export interface IssueOptions {
  readonly entity: EndEntity;
  readonly authority: CertificateAuthority;
  readonly profile: CertificateProfile;
  readonly request: ReadRequest;
  readonly route: EnrolmentRoute;
  readonly admin: Admin;
  /** Honoured only by revisions that do, and only with a profile that allows it. */
  readonly validity?: { readonly from?: Date | undefined; readonly until?: Date | undefined } | undefined;
}

const tenMinutes = 600_000;
const day = 24 * 3_600_000;

/**
 * Issues for an end entity: all checks first, then everything is written, so that a refusal leaves nothing behind. The same
 * request twice gives two certificates, as with the real server.
 */
export function issue(world: World, options: IssueOptions): StoredCertificate {
  const { entity, authority, profile, request, route, admin } = options;
  const now = world.now();
  if (!request.provesPossession) throw new Refused(400, texts.noProofOfPossession, "malformed");
  if (!authority.isActive(now)) throw new Refused(400, texts.caNotActive(authority.dnText), "inactive");
  if (authority.tokenOffline) throw new Refused(400, texts.tokenOffline(authority.dnText), "token");
  assertKeyAllowed(request.publicKey, profile, authority);
  assertUnique(world, options);
  const serial = world.serialNumber();
  const { notBefore, notAfter } = validity(options, now);
  const der = makeCertificate({
    issuer: { dn: authority.dn, key: authority.current.key },
    serial,
    subject: entity.subject,
    spkiDer: request.spkiDer,
    names: entity.names,
    keyUsage: ["digital signature", "key encipherment"],
    extendedKeyUsage: profile.extendedKeyUsage,
    notBefore,
    notAfter,
  });
  const certificate: StoredCertificate = {
    serial: serialHex(serial),
    der,
    fingerprint: sha1(der),
    caFingerprint: sha1(authority.current.certificate.der),
    authority,
    username: entity.username,
    subject: entity.subject,
    names: entity.names,
    spkiDer: request.spkiDer,
    csrDer: request.der,
    certificateProfile: profile.name,
    endEntityProfile: entity.endEntityProfile,
    notBefore,
    notAfter,
    issuedAt: now,
    revocation: undefined,
    updatedAt: now,
  };
  if (profile.singleActive) revokeOthers(world, certificate);
  if (authority.storesCertificates) world.store.add(certificate);
  entity.status = "GENERATED";
  entity.password = undefined;
  world.endEntities.put(entity);
  world.ledger.append({
    time: now,
    route,
    authority: authority.name,
    username: entity.username,
    serial: certificate.serial,
    spkiSha256: sha256(request.spkiDer),
    csrSha256: sha256(request.der),
    certificatePem: encodePem("CERTIFICATE", der),
    admin: admin.name,
  });
  return certificate;
}

/** From ten minutes ago for as long as the profile says, and never beyond the CA on either side. */
function validity({ authority, profile, validity: asked = {} }: IssueOptions, now: Date) {
  const { certificate } = authority.current;
  const begin = new Date(now.getTime() - tenMinutes);
  const longest = new Date(begin.getTime() + profile.validityDays * day - 1000);
  const from = (profile.allowValidityOverride ? asked.from : undefined) ?? begin;
  const until = (profile.allowValidityOverride ? asked.until : undefined) ?? longest;
  return {
    notBefore: latest(from, certificate.notBefore),
    notAfter: earliest(earliest(until, longest), certificate.notAfter),
  };
}

function latest(a: Date, b: Date): Date {
  return a > b ? a : b;
}

function earliest(a: Date, b: Date): Date {
  return a < b ? a : b;
}

/** An empty subject is not compared, since no certificate has it alone. */
function assertUnique({ store }: World, { entity, authority, request }: IssueOptions): void {
  const { username } = entity;
  const issuedHere = store.of(authority);
  const dn = dnText(entity.subject);
  const sameDn = issuedHere.filter((stored) => stored.username !== username && subjectText(stored) === dn);
  if (authority.uniqueDn && dn !== "" && sameDn.length > 0) {
    const others = [...new Set(sameDn.map((stored) => stored.username))];
    throw new Refused(400, texts.sameDn(username, others), "conflict");
  }
  const sameKey = issuedHere.filter(({ spkiDer }) => Buffer.compare(spkiDer, request.spkiDer) === 0);
  if (authority.uniqueKey && sameKey.some((stored) => stored.username !== username))
    throw new Refused(400, texts.sameKey(username), "conflict");
  if (authority.keyRenewal && sameKey.length > 0)
    throw new Refused(400, texts.sameKeyAgain(username), "conflict");
}

function revokeOthers({ store }: World, certificate: StoredCertificate): void {
  for (const stored of store.all) {
    if (stored.username !== certificate.username || stored.revocation !== undefined) continue;
    if (stored.certificateProfile !== certificate.certificateProfile) continue;
    stored.revocation = { reason: "SUPERSEDED", date: certificate.issuedAt };
    stored.updatedAt = certificate.issuedAt;
  }
}

import { type Answer, jsonAnswer, Refused } from "./answer.ts";
import { authorityByDn, wholeSeconds } from "./ca-resources.ts";
import type { StoredCertificate } from "./certificate-store.ts";
import { revocationReasons } from "./revocation-reasons.ts";
import { type Admin, assertAdministrator, isAuthorised } from "./roles.ts";
import { normalSerial } from "./serial-numbers.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** Which certificate, as the path spells it. */
export interface CertificateName {
  readonly issuerDn: string;
  readonly serial: string;
}

const removals = new Set(["REMOVE_FROM_CRL", "NOT_REVOKED"]);

/** GET /v1/certificate/DN/SERIAL/revocationstatus: takes `0x`, any case and leading zeros. */
export function revocationStatus(world: World, admin: Admin, name: CertificateName): Answer {
  assertAdministrator(admin);
  const digits = readSerial(name.serial);
  const authority = authorityByDn(world, name.issuerDn);
  if (typeof authority === "number") throw new Refused(404, texts.noCaWithDn(name.issuerDn));
  const stored = world.store.find(authority, normalSerial(digits));
  if (stored === undefined) throw new Refused(404, texts.notFound(name.issuerDn, name.serial));
  return jsonAnswer(200, statusBody(name, stored));
}

/** PUT /v1/certificate/DN/SERIAL/revoke?reason=&date=. */
export function revoke(world: World, admin: Admin, name: CertificateName, query: URLSearchParams): Answer {
  assertAdministrator(admin);
  const digits = readSerial(name.serial);
  const reason = query.get("reason") ?? "";
  if (!Object.hasOwn(revocationReasons, reason)) throw new Refused(400, texts.badReason);
  const date = readDate(query.get("date"), world.now());
  const authority = authorityByDn(world, name.issuerDn);
  if (typeof authority === "number") throw new Refused(404, texts.noCaToRevokeAt(authority));
  // The error text recommends the prefix, which then fails further in.
  if (/^0x/i.test(name.serial)) throw new Refused(500, texts.generalFailure);
  const serial = normalSerial(digits);
  const stored = world.store.find(authority, serial);
  const lower = serial.toLowerCase();
  if (stored === undefined) throw new Refused(404, texts.notFoundToRevoke(authority.dnText, lower));
  assertMayRevoke(world, admin, stored);
  const held = stored.revocation?.reason === "CERTIFICATE_HOLD";
  if (removals.has(reason)) {
    if (!held) throw new Refused(409, texts.notOnHold(authority.dnText, lower));
  } else {
    if (stored.revocation !== undefined && !held)
      throw new Refused(409, texts.alreadyRevoked(authority.dnText, lower));
    // Profiles of the recorded server forbid it, also for the present second.
    if (date !== undefined)
      throw new Refused(422, texts.backDated(stored.certificateProfile, lower, authority.dnText));
  }
  const carryOut = () => setRevocation(stored, reason, world.now());
  if (world.certificateProfiles.get(stored.certificateProfile)?.needsApproval === true)
    return world.revocationApprovals.submit(stored, carryOut);
  carryOut();
  const { revoked, ...status } = statusBody(name, stored, reason);
  return jsonAnswer(200, { ...status, message: texts.revoked, revoked });
}

function setRevocation(stored: StoredCertificate, reason: string, now: Date): void {
  stored.revocation = removals.has(reason) ? undefined : { reason, date: now };
  stored.updatedAt = now;
}

/** Spelled as in the path; after a removal from the list with that reason. */
function statusBody(name: CertificateName, { revocation }: StoredCertificate, asked?: string) {
  return {
    issuer_dn: name.issuerDn,
    serial_number: name.serial,
    revocation_reason: revocation?.reason ?? asked ?? "NOT_REVOKED",
    ...(revocation === undefined ? {} : { revocation_date: wholeSeconds(revocation.date) }),
    revoked: revocation !== undefined,
  };
}

function assertMayRevoke(world: World, admin: Admin, stored: StoredCertificate): void {
  if (!isAuthorised(admin, "/ra_functionality/revoke_end_entity"))
    throw new Refused(403, texts.notAuthorisedToRevoke);
  if (!isAuthorised(admin, `/ca/${stored.authority.name}`))
    throw new Refused(403, texts.notAuthorisedToCa(admin.name, stored.authority.name));
  if (isAuthorised(admin, `/endentityprofilesrules/${stored.endEntityProfile}/revoke_end_entity`)) return;
  const id = world.endEntityProfiles.get(stored.endEntityProfile)?.id ?? 0;
  throw new Refused(403, texts.notAuthorisedToProfile(id, admin.name));
}

function readSerial(text: string): string {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text)?.[1];
  if (digits === undefined) throw new Refused(400, texts.badSerial);
  return digits;
}

function readDate(text: string | null, now: Date): Date | undefined {
  if (text === null) return undefined;
  const date = /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(date.getTime())) throw new Refused(400, texts.badDate(text));
  if (date > now) throw new Refused(400, texts.futureDate(text));
  return date;
}

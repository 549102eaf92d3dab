import { keyIdentifier } from "../../../packages/signer/src/x509/tbs-certificate.ts";
import { type Answer, jsonAnswer, Refused } from "./answer.ts";
import { type StoredCertificate, sanText, subjectText } from "./certificate-store.ts";
import type { EndEntityProfile } from "./end-entity-profiles.ts";
import type { JsonObject } from "./json-body.ts";
import { revocationReasons } from "./revocation-reasons.ts";
import { type Admin, isAuthorised } from "./roles.ts";
import { readCriteria } from "./search-criteria.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

const mostResults = 400;

/**
 * POST /v1/certificate/search, for anybody authenticated: what the caller may not see is left out without a word, so that an
 * empty answer proves nothing. Not newest first; `more_results` as soon as the maximum is reached.
 */
export function searchV1(world: World, admin: Admin, body: JsonObject): Answer {
  const maximum = body.value("max_number_of_results");
  if (maximum === undefined) throw new Refused(400, texts.search.noMaximum);
  if (typeof maximum !== "number") throw new Refused(500, texts.generalFailure);
  if (maximum <= 0) throw new Refused(400, texts.search.maximumTooLow);
  if (maximum > mostResults) throw new Refused(400, texts.search.maximumTooHigh);
  const matches = readCriteria(world, body.value("criteria"));
  const found = visible(world, admin).filter(matches).slice(0, maximum);
  return jsonAnswer(200, {
    certificates: found
      .toSorted((a, b) => a.fingerprint.localeCompare(b.fingerprint))
      .map((stored) => ({
        certificate: base64Twice(stored.der),
        serial_number: stored.serial,
        response_format: "DER",
        certificate_profile: stored.certificateProfile,
        end_entity_profile: stored.endEntityProfile,
      })),
    more_results: found.length >= maximum,
  });
}

/** POST /v2/certificate/search: camelCase with oddities, times in milliseconds. Counting fails on the recorded server's H2. */
export function searchV2(world: World, admin: Admin, body: JsonObject): Answer {
  const pagination = body.value("pagination");
  if (typeof pagination !== "object" || pagination === null) throw new Refused(500, texts.generalFailure);
  const { page_size: size, current_page: page } = pagination as Record<string, unknown>;
  if (typeof size !== "number" || typeof page !== "number" || page < 0)
    throw new Refused(500, texts.generalFailure);
  if (page === 0) throw new Refused(400, texts.currentPage);
  const matches = readCriteria(world, body.value("criteria"));
  const found = sorted(visible(world, admin).filter(matches), body.value("sort"));
  const certificates = found.slice((page - 1) * size, page * size);
  return jsonAnswer(200, {
    certificates: certificates.map((stored) => rowV2(world, stored)),
    pagination_summary: {
      page_size: size,
      current_page: page,
      ...(certificates.length === 0 ? {} : { total_certs: certificates.length }),
    },
  });
}

function sorted(found: readonly StoredCertificate[], sort: unknown): readonly StoredCertificate[] {
  if (typeof sort !== "object" || sort === null) return found;
  const { property, operation } = sort as Record<string, unknown>;
  if (property !== "UPDATE_TIME") return found;
  const ascending = found.toSorted((a, b) => a.updatedAt.getTime() - b.updatedAt.getTime());
  return operation === "DESC" ? ascending.reverse() : ascending;
}

function rowV2(world: World, stored: StoredCertificate) {
  const profile = world.certificateProfiles.get(stored.certificateProfile);
  return {
    fingerprint: stored.fingerprint,
    cAFingerprint: stored.caFingerprint,
    certificateProfileId: profile?.id,
    endEntityProfileId: world.endEntityProfiles.get(stored.endEntityProfile)?.id,
    expireDate: stored.notAfter.getTime(),
    issuerDN: stored.authority.dnText,
    notBefore: stored.notBefore.getTime(),
    revocationDate: stored.revocation?.date.getTime() ?? -1,
    revocationReason: stored.revocation === undefined ? -1 : revocationReasons[stored.revocation.reason],
    serialNumber: stored.serial,
    status: stored.revocation === undefined ? 20 : 40,
    subjectAltName: sanText(stored.names),
    subjectDN: subjectText(stored),
    subjectKeyId: Buffer.from(keyIdentifier(stored.spkiDer)).toString("hex"),
    tag: null,
    type: 1,
    udpateTime: stored.updatedAt.getTime(),
    username: stored.username,
    base64Cert: base64Twice(stored.der),
    certificateRequest: lines(stored.csrDer),
    crlPartitionIndex: null,
    invalidity_date: -1,
    certificateProfile: stored.certificateProfile,
    endEntityProfile: stored.endEntityProfile,
  };
}

/**
 * What the caller may see: certificates of its CAs, below end entity profiles that it may view and of which it may use every
 * CA. A profile for any CA needs rights to all of them.
 */
function visible(world: World, admin: Admin): StoredCertificate[] {
  const sees = (profile: EndEntityProfile) =>
    isAuthorised(admin, `/endentityprofilesrules/${profile.name}/view_end_entity`) &&
    (profile.authorities ?? [...world.authorities.keys()]).every((name) =>
      isAuthorised(admin, `/ca/${name}`),
    );
  const profiles = new Set([...world.endEntityProfiles.values()].filter(sees).map(({ name }) => name));
  return world.store.all.filter(
    ({ authority, endEntityProfile }) =>
      isAuthorised(admin, `/ca/${authority.name}`) && profiles.has(endEntityProfile),
  );
}

/** Base64 text with line feeds, encoded again: as search answers carry certificates. */
export function base64Twice(der: Uint8Array): string {
  return Buffer.from(lines(der)).toString("base64");
}

function lines(der: Uint8Array): string {
  return (
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  ).join("\n");
}

import { buildCrl, softwareCaSigner } from "@countersign/issuer-core";
import { type Answer, errorAnswer, jsonAnswer, Refused } from "./answer.ts";
import type { CertificateAuthority } from "./authorities.ts";
import { dnText, javaHashCode, parseDn } from "./distinguished-name.ts";
import { type Admin, assertAdministrator, isAuthorised } from "./roles.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** GET /v1/ca: the CAs of the caller, without those that are offline or expired. */
export function listAuthorities(world: World, admin: Admin): Answer {
  assertAdministrator(admin);
  const now = world.now();
  const listed = [...world.authorities.values()].filter(
    (authority) => authority.isActive(now) && isAuthorised(admin, `/ca/${authority.name}`),
  );
  return jsonAnswer(200, {
    certificate_authorities: listed.map((authority) => ({
      id: authority.id,
      name: authority.name,
      subject_dn: authority.dnText,
      issuer_dn: (authority.parent ?? authority).dnText,
      expiration_date: wholeSeconds(authority.current.certificate.notAfter),
    })),
  });
}

/** GET /v1/ca/DN/certificate/download: PEM with lines of text between, of the type that was asked for. */
export function downloadChain(
  world: World,
  admin: Admin,
  given: { readonly dn: string; readonly accept: string | undefined },
): Answer {
  assertAdministrator(admin);
  const authority = authorityByDn(world, given.dn);
  if (typeof authority === "number") throw new Refused(404, texts.noCaWithId(authority));
  if (!isAuthorised(admin, `/ca/${authority.name}`))
    throw new Refused(403, texts.notAuthorisedToCa(admin.name, authority.name));
  const lineage: CertificateAuthority[] = [];
  for (let at: CertificateAuthority | undefined = authority; at !== undefined; at = at.parent)
    lineage.push(at);
  const body = lineage
    .map((ca) => `Subject: ${ca.dnText}\nIssuer: ${(ca.parent ?? ca).dnText}\n${ca.current.certificate.pem}`)
    .join("");
  const isJson = given.accept?.includes("application/json") === true;
  return {
    status: 200,
    contentType: isJson ? "application/json" : "application/octet-stream",
    headers: { "content-disposition": `attachment; filename="${authority.dnText}.cacert.pem"` },
    body,
  };
}

/** GET /v1/ca/DN/getLatestCrl. An unknown CA is not recorded; it is answered as by the download. */
export async function latestCrl(world: World, admin: Admin, dn: string): Promise<Answer> {
  assertAdministrator(admin);
  const authority = authorityByDn(world, dn);
  if (typeof authority === "number") return errorAnswer(404, texts.noCaWithId(authority));
  const revoked = world.store
    .of(authority)
    .filter(({ revocation }) => revocation !== undefined)
    .map(({ serial, revocation }) => ({
      serialHex: serial.padStart(serial.length + (serial.length % 2), "0").toLowerCase(),
      revokedAt: revocation?.date ?? world.now(),
    }));
  const now = world.now();
  const crl = await buildCrl({
    caCertificate: authority.current.certificate,
    signer: softwareCaSigner(authority.current.key),
    number: revoked.length + 1,
    thisUpdate: now,
    nextUpdate: new Date(now.getTime() + 24 * 3_600_000),
    revoked,
  });
  return jsonAnswer(200, { crl: Buffer.from(crl.der).toString("base64"), response_format: "DER" });
}

/** The CA of a DN in any spelling; its would-be id where there is none. A text that is no DN is a 500. */
export function authorityByDn(world: World, text: string): CertificateAuthority | number {
  const parts = parseDn(text);
  if (parts === undefined) throw new Refused(500, texts.generalFailure);
  const normal = dnText(parts);
  const found = [...world.authorities.values()].find((authority) => authority.dnText === normal);
  return found ?? javaHashCode(normal);
}

/** RFC 3339 in UTC without fractions, as all times of v1 answers are. */
export function wholeSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

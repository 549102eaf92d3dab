import { type Answer, jsonAnswer, Refused } from "./answer.ts";
import { type Admin, assertAdministrator } from "./roles.ts";
import { serialHex } from "./serial-numbers.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

const day = 24 * 3_600_000;

/** GET …/status: no authentication, and no word about the database. */
export function status(world: World, version: string): Answer {
  return jsonAnswer(200, { status: "OK", version, revision: world.revision });
}

/** GET /v2/certificate/profile/NAME, for anybody authenticated. The misspelt key is the real one. */
export function profileInfo(world: World, name: string): Answer {
  const profile = world.certificateProfiles.get(name);
  if (profile === undefined) throw new Refused(400, texts.unknownProfile);
  return jsonAnswer(200, {
    certificate_profile_id: profile.id,
    available_key_algs: profile.keyAlgorithms,
    available_bit_lenghts: profile.bitLengths,
    available_security_levels: profile.securityLevels,
    available_ecdsa_curves: profile.curves.length === 0 ? ["ANY_EC_CURVE"] : profile.curves,
    available_cas: ["ANY_CA"],
  });
}

/** GET /v2/certificate/count?isActive=. */
export function count(world: World, admin: Admin, query: URLSearchParams): Answer {
  assertAdministrator(admin);
  const counted =
    query.get("isActive") === "true"
      ? world.store.all.filter(({ revocation }) => revocation === undefined)
      : world.store.all;
  return jsonAnswer(200, { count: counted.length });
}

/** GET /v1/certificate/expire?days=&offset=&maxNumberOfResults=: soonest first, CAs among them; counts what is left over. */
export function expiring(world: World, admin: Admin, query: URLSearchParams): Answer {
  assertAdministrator(admin);
  const number = (name: string): number => {
    const value = query.get(name) ?? "0";
    if (!/^-?\d+$/.test(value)) throw new Refused(404, texts.badQueryParameter(name, value));
    return Number(value);
  };
  const [days, offset, maximum] = [number("days"), number("offset"), number("maxNumberOfResults")];
  const until = new Date(world.now().getTime() + days * day);
  const cas = [...world.authorities.values()].map(({ current: { certificate } }) => ({
    der: certificate.der,
    notAfter: certificate.notAfter,
    serial: serialHex(Buffer.from(certificate.serialHex, "hex")),
  }));
  const due = [...world.store.all, ...cas]
    .filter(({ notAfter }) => notAfter > world.now() && notAfter < until)
    .toSorted((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  const page = due.slice(offset, offset + maximum);
  const left = Math.max(0, due.length - offset - page.length);
  return jsonAnswer(200, {
    pagination_rest_response_component: {
      more_results: left > 0 && maximum > 0,
      next_offset: left > 0 && maximum > 0 ? offset + maximum : 0,
      number_of_results: maximum > 0 ? left : 0,
    },
    certificates_rest_response: {
      certificates: page.map(({ der, serial }) => ({
        certificate: Buffer.from(der).toString("base64"),
        serial_number: serial,
        response_format: "DER",
      })),
    },
  });
}

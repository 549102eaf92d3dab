import { Refused } from "./answer.ts";
import { type StoredCertificate, sanText, subjectText } from "./certificate-store.ts";
import { JsonObject } from "./json-body.ts";
import { texts } from "./texts.ts";
import type { World } from "./world.ts";

/** A test that every found certificate passes. */
export type Criterion = (certificate: StoredCertificate) => boolean;

interface GivenCriterion {
  readonly property: string;
  readonly value: string;
  readonly operation: string;
}

const once = new Set(["QUERY"]);
const dateOperations = new Set(["BEFORE", "AFTER"]);
const textOperations = new Set(["EQUAL", "LIKE"]);

/**
 * Reads the criteria of a search. Several of one property are alternatives, of different ones conditions. Throws the first
 * complaint as a 400. Answers about unknown profiles and states are not recorded; they follow that about an unknown CA.
 */
export function readCriteria(world: World, value: unknown): Criterion {
  if (!Array.isArray(value) || value.length === 0) throw bad(texts.search.noCriteria);
  const groups = new Map<string, Criterion[]>();
  for (const item of value) {
    const given = readCriterion(item);
    const group = groups.get(given.property) ?? [];
    if (once.has(given.property) && group.length > 0) throw bad(texts.search.multiple(given.property));
    groups.set(given.property, [...group, criterion(world, given)]);
  }
  return (certificate) => [...groups.values()].every((group) => group.some((test) => test(certificate)));
}

function readCriterion(item: unknown): GivenCriterion {
  if (typeof item !== "object" || item === null) throw new Refused(500, texts.generalFailure);
  const fields = new JsonObject(item as Record<string, unknown>);
  const [property = "", value = "", operation = ""] = ["property", "value", "operation"].map((name) =>
    fields.text(name),
  );
  return { property, value, operation };
}

function criterion(world: World, { property, value, operation }: GivenCriterion): Criterion {
  switch (property) {
    case "QUERY":
      return query(value, operation);
    case "CA": {
      const authority = world.authorities.get(value);
      if (authority === undefined) throw bad(texts.search.unknown("CA"));
      return (stored) => stored.authority === authority;
    }
    case "CERTIFICATE_PROFILE":
      if (!world.certificateProfiles.has(value)) throw bad(texts.search.unknown("certificate profile"));
      return (stored) => stored.certificateProfile === value;
    case "END_ENTITY_PROFILE":
      if (!world.endEntityProfiles.has(value)) throw bad(texts.search.unknown("end entity profile"));
      return (stored) => stored.endEntityProfile === value;
    case "STATUS":
      if (value === "CERT_ACTIVE") return (stored) => stored.revocation === undefined;
      if (value === "CERT_REVOKED") return (stored) => stored.revocation !== undefined;
      throw bad(texts.search.unknown("status"));
    case "ISSUED_DATE":
      return date(value, operation, ({ issuedAt }) => issuedAt);
    case "EXPIRE_DATE":
      return date(value, operation, ({ notAfter }) => notAfter);
    case "REVOCATION_DATE":
      return date(value, operation, ({ revocation }) => revocation?.date);
    default:
      throw bad(texts.search.property);
  }
}

/**
 * EQUAL is a LIKE in disguise: it ignores case, and `%` stands for anything. It looks at username, subject, alternative
 * names and serial number.
 */
function query(value: string, operation: string): Criterion {
  if (!textOperations.has(operation)) throw bad(texts.search.operation);
  const pattern = value
    .split("%")
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const matcher = new RegExp(operation === "LIKE" ? pattern : `^${pattern}$`, "is");
  return (stored) =>
    [stored.username, subjectText(stored), sanText(stored.names), stored.serial].some((text) =>
      matcher.test(text),
    );
}

function date(
  value: string,
  operation: string,
  of: (stored: StoredCertificate) => Date | undefined,
): Criterion {
  if (!dateOperations.has(operation)) throw bad(texts.search.operation);
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) throw bad(texts.search.date);
  return (stored) => {
    const found = of(stored);
    if (found === undefined) return false;
    return operation === "AFTER" ? found > time : found < time;
  };
}

function bad(message: string): Refused {
  return new Refused(400, message);
}

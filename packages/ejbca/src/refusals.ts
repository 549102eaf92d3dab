import type { EjbcaAnswer } from "./ejbca-answer.ts";
import type { Overridable } from "./overrides.ts";

/** What EJBCA says no to, and so what becomes of the request. */
export interface Refusal {
  /**
   * `request`: it can never be issued as it is. `issuer`: the spec or EJBCA's set-up is wrong, unless an annotation of the
   * request chose it. `later`: nothing was issued, and the same request can succeed.
   */
  readonly about: "request" | "issuer" | "later";
  /** A sentence; `%` stands for the field that EJBCA names, where it is one of its own. */
  readonly problem: string;
  /** Fields that an annotation may have set. */
  readonly fields?: readonly Overridable[];
  /** Before that nothing changes, in milliseconds. */
  readonly retryAfterMs?: number;
}

interface Rule extends Refusal {
  readonly pattern: RegExp;
}

/**
 * EJBCA's words, by what 8.2 was seen to say. They come from language bundles of the server (`intresources`), and a key without
 * a text is sent as it is, so keys stand beside texts. What matches nothing is no refusal: see `judge`.
 */
const rules: readonly Rule[] = [
  {
    pattern: /^signsession\.canotactive\b|^createcert\.canotactive\b|\bis not active\b/i,
    about: "later",
    problem: "the CA is offline, has expired or is not active. Activate or renew it in EJBCA.",
  },
  {
    pattern: /^User .+ already exists\.?$/is,
    about: "later",
    problem: "another call made the same end entity at this moment.",
    retryAfterMs: 500,
  },
  {
    pattern: /^Got request with status .+ \(\d+\)\. Status NEW, FAILED or INPROCESS required/i,
    about: "later",
    problem:
      "the end entity has been used up. Set its status to New in EJBCA for one more certificate; the request waits for it.",
    retryAfterMs: 60_000,
  },
  {
    pattern: /rejected since approvals are enabled/i,
    about: "issuer",
    problem:
      "the CA or the certificate profile wants approvals, which this enrolment cannot wait for. Take a profile without approvals, or register end entities beforehand and use mode existingEndEntity.",
    fields: ["certificateAuthorityName", "certificateProfileName"],
  },
  {
    pattern: /^CA with name .+ doesn't exist/i,
    about: "issuer",
    problem:
      "it has no CA of the issuer's certificateAuthorityName. It is the CA's name, with upper and lower case, not its DN.",
    fields: ["certificateAuthorityName"],
  },
  {
    pattern: /^Certificate profile with name .+ doesn't exist/i,
    about: "issuer",
    problem:
      "it has no certificate profile of the issuer's certificateProfileName. Upper and lower case and blanks count.",
    fields: ["certificateProfileName"],
  },
  {
    pattern: /^End Entity Profile of name .+ was not found/i,
    about: "issuer",
    problem: "it has no end entity profile of the issuer's endEntityProfileName. Upper and lower case count.",
    fields: ["endEntityProfileName"],
  },
  {
    pattern: /^Couldn't find certificate profile \(-?\d+\) among available/i,
    about: "issuer",
    problem: "the end entity profile does not list the certificate profile. Add it there.",
    fields: ["certificateProfileName", "endEntityProfileName"],
  },
  {
    pattern: /^Couldn't find CA \(-?\d+\) among End Entity Profile/i,
    about: "issuer",
    problem: "the end entity profile does not list the CA. Add it there.",
    fields: ["certificateAuthorityName", "endEntityProfileName"],
  },
  {
    pattern: /^Username cannot be empty/i,
    about: "issuer",
    problem: "it got no username. Correct the issuer's endEntityName.",
    fields: ["endEntityName"],
  },
  {
    pattern: /^No password in request/i,
    about: "request",
    problem:
      "the end entity exists already, and its profile generates passwords, so EJBCA enrols it once only. Switch off Auto-generated in the end entity profile, or have {uid} in the issuer's endEntityName.",
  },
  {
    pattern: /not allowed to use same subject DN\b/i,
    about: "request",
    problem:
      "another end entity of the CA has the same subject. Keep one end entity for each Certificate (endEntityName {namespace}.{certificate}), leave the subject empty, or switch off Enforce unique DN of the CA.",
  },
  {
    pattern: /not allowed to use same key as another\b/i,
    about: "request",
    problem:
      "another certificate of the CA has the same key. Set rotationPolicy: Always on the Certificate, or switch off Enforce unique public keys of the CA.",
  },
  {
    pattern: /^Wrong number of (\w+) fields in (Subject|Directory)/i,
    about: "request",
    problem:
      "the end entity profile does not allow so many fields %. Add them to the profile, or ask for fewer.",
  },
  {
    pattern: /\bfield '?(\w+)'? must exist/i,
    about: "request",
    problem:
      "the end entity profile demands the field %, which the request lacks. Add it to the Certificate.",
  },
  {
    pattern: /does not contain matching field for (\w+) with value/i,
    about: "request",
    problem: "the end entity profile fixes the field %, and the request has another value.",
  },
  {
    pattern: /^Illegal key (algorithm|length)|^createcert\.illegal\w+/i,
    about: "request",
    problem:
      "the certificate profile does not allow the request's kind, size or curve of key. Change privateKey of the Certificate, or the profile.",
  },
  {
    pattern: /Key Validator .+ could not validate|keys\.validation\.ValidationException/i,
    about: "request",
    problem: "a key validator of the CA refuses the request's key. Change privateKey of the Certificate.",
  },
  {
    pattern: /^POPO verification failed|^Invalid certificate request|malformed CSR/i,
    about: "request",
    problem: "it cannot read the request, or its signature. Ask for another kind of key.",
  },
  {
    pattern: /invalid password: |^Wrong username or password/i,
    about: "request",
    problem:
      "there is no such end entity, or its enrolment code is another one. Register it, or correct the code in the issuer's Secret; it is not tried again, since EJBCA may count failed tries.",
  },
  {
    pattern: /conflicting with an existing one/i,
    about: "request",
    problem: "the CA has another certificate with the same subject or key, and enforces unique ones.",
  },
];

/** Fields of EJBCA's profiles that may be repeated: anything else in a text may come from anywhere. */
const fieldNames: ReadonlySet<string> = new Set(
  (
    "COMMONNAME SURNAME GIVENNAME INITIALS TITLE ORGANIZATIONALUNIT ORGANIZATION LOCALITY STATEORPROVINCE COUNTRY " +
    "DOMAINCOMPONENT SERIALNUMBER EMAILADDRESS EMAIL UID DNQUALIFIER POSTALADDRESS POSTALCODE BUSINESSCATEGORY " +
    "STREETADDRESS PSEUDONYM NAME DNSNAME IPADDRESS UNIFORMRESOURCEID URI RFC822NAME UPN GUID DIRECTORYNAME " +
    "REGISTEREDID XMPPADDR SRVNAME KRB5PRINCIPAL"
  ).split(" "),
);

/** The refusal that a 400, 404 or 409 of EJBCA is, by its words; undefined for words that are not known. */
export function refusalOf({ status, message }: EjbcaAnswer): Refusal | undefined {
  if (![400, 404, 409, 422].includes(status) || message === "") return undefined;
  for (const { pattern, ...refusal } of rules) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const field = match[1]?.toUpperCase() ?? "";
    return { ...refusal, problem: refusal.problem.replace(/ ?%/, fieldNames.has(field) ? ` ${field}` : "") };
  }
  return undefined;
}

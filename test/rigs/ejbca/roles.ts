import { Refused } from "./answer.ts";
import { texts } from "./texts.ts";

/** Who calls, once authenticated. */
export interface Admin {
  /** How messages name it: the subject of the certificate, or of the token. */
  readonly name: string;
  readonly kind: "certificate" | "token";
  readonly rules: readonly string[];
}

/** A role: its members have its rules. A test changes both sets while the simulator runs. */
export interface Role {
  readonly name: string;
  /** `CN=...` of certificates that ManagementCA issued, `sub=...` of tokens. */
  readonly members: Set<string>;
  /** Recursive: `/ca/` admits every CA, `/` everything. */
  readonly rules: Set<string>;
}

/** What a client certificate or a token may do that enrols, renews, searches and revokes at one CA with one profile. */
export const minimalRules: readonly string[] = Object.freeze([
  "/administrator/",
  "/ca/LabIssuingCA/",
  "/ca_functionality/create_certificate/",
  "/ra_functionality/create_end_entity/",
  "/ra_functionality/edit_end_entity/",
  "/ra_functionality/revoke_end_entity/",
  "/endentityprofilesrules/LabEEP-OneCA/create_end_entity/",
  "/endentityprofilesrules/LabEEP-OneCA/edit_end_entity/",
  "/endentityprofilesrules/LabEEP-OneCA/view_end_entity/",
  "/endentityprofilesrules/LabEEP-OneCA/revoke_end_entity/",
]);

/** The roles at the start, by name. */
export function labRoles(): Map<string, Role> {
  const role = (name: string, members: readonly string[], rules: readonly string[]): [string, Role] => [
    name,
    { name, members: new Set(members), rules: new Set(rules) },
  ];
  return new Map([
    role(
      "superadmin",
      ["CN=superadmin", "CN=revoked", "CN=expired", "CN=untrusted", "sub=cert-manager"],
      ["/"],
    ),
    role("issuer", ["CN=issuer", "sub=issuer"], minimalRules),
  ]);
}

/** Every rule of every role that has the member. */
export function rulesOf(roles: Iterable<Role>, member: string): string[] {
  return [...roles].filter(({ members }) => members.has(member)).flatMap(({ rules }) => [...rules]);
}

/** Whether a rule covers the resource, which is written without a slash at its end. */
export function isAuthorised({ rules }: Admin, resource: string): boolean {
  return rules.some((rule) => `${resource}/`.startsWith(rule));
}

/** Only certificates need the rule: a token is taken without it. */
export function assertAdministrator(admin: Admin): void {
  if (admin.kind === "certificate" && !isAuthorised(admin, "/administrator"))
    throw new Refused(403, texts.notAuthorised("/administrator"));
}

/** Both places where a right over end entities is looked for; a missing one of either is reported as the second. */
export function mayOnEndEntities(admin: Admin, right: string, profile: string): boolean {
  return (
    isAuthorised(admin, `/ra_functionality/${right}`) &&
    isAuthorised(admin, `/endentityprofilesrules/${profile}/${right}`)
  );
}

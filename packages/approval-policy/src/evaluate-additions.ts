import { parseGoDuration } from "@countersign/issuer-signer";
import { isWithin, type PeopleRule, type Quota, timeWindowText } from "./additions.ts";
import type { Policy } from "./parse-policy.ts";
import type { Subject, SubjectCsr } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";
import { wildcardMatches } from "./wildcard.ts";

/** What a quota asks: how many requests were approved, of whom, since when. */
export interface QuotaQuestion {
  readonly policy: string;
  readonly per: Quota["per"];
  /** The namespace or the username; the policy's name for `policy`. */
  readonly of: string;
  readonly windowMs: number;
}

/** Somebody who said yes to the request. */
export interface PersonApproval {
  readonly username: string;
  readonly groups: readonly string[];
}

/** People whose approval a request still needs. */
export interface PeopleNeeded {
  /** The names in the request because of which it goes to people. */
  readonly names: readonly string[];
  /** How many different people in all. */
  readonly count: number;
  /** Usernames of those who have approved and may. */
  readonly given: readonly string[];
  /** Who may: usernames, or groups as `group:NAME`. */
  readonly approvers: readonly string[];
}

/** Quotas that are used up and windows that are closed; where nobody can tell, neither is open. */
export function momentViolations(
  { name, additions }: Policy,
  subject: Subject,
  now: Date | undefined,
  approvedSince: ((question: QuotaQuestion) => number) | undefined,
): Violation[] {
  const found: Violation[] = [];
  const { timeWindows, quotas } = additions;
  if (timeWindows.length > 0 && !(now !== undefined && timeWindows.some((window) => isWithin(window, now)))) {
    const wanted = `a time within ${timeWindows.map(timeWindowText).join(" or ")}`;
    found.push(violation("additions.timeWindows", wanted, now?.toISOString() ?? []));
  }
  for (const [index, { per, limit, window }] of quotas.entries()) {
    const of = { namespace: subject.namespace, requester: subject.requester.username, policy: name }[per];
    const windowMs = (parseGoDuration(window) ?? 0) * 1000;
    const approved = approvedSince?.({ policy: name, per, of, windowMs });
    if (approved !== undefined && approved < limit) continue;
    const wanted = `fewer than ${limit} approved requests of the ${per} in ${window}`;
    found.push(violation(`additions.quotas[${index}]`, wanted, approved === undefined ? [] : `${approved}`));
  }
  return found;
}

/** The rules on people that the request falls under and that are not met. The requester is never counted. */
export function peopleNeeded(
  rules: readonly PeopleRule[],
  subject: Subject,
  csr: SubjectCsr,
  approvals: readonly PersonApproval[],
): PeopleNeeded[] {
  const all = [...requestedNames(csr)];
  return rules.flatMap(({ names: patterns, count, approvers }) => {
    const names = all.filter((name) =>
      patterns.some((pattern) => wildcardMatches(pattern.toLowerCase(), name.toLowerCase())),
    );
    if (names.length === 0) return [];
    const eligible = approvals.filter(
      ({ username, groups }) =>
        username !== subject.requester.username &&
        (approvers.some((approver) => approver === username && !approver.startsWith("group:")) ||
          groups.some((group) => approvers.includes(`group:${group}`))),
    );
    const given = [...new Set(eligible.map(({ username }) => username))];
    return given.length >= count ? [] : [{ names, count, given, approvers }];
  });
}

function requestedNames({ parsed, subject, ipAddresses }: SubjectCsr): Set<string> {
  const { dns, uri, email } = parsed.names;
  // The absolute form of a DNS name is the same name.
  const hosts = dns.map((name) => name.replace(/\.$/, ""));
  return new Set([...(subject.get("2.5.4.3") ?? []), ...hosts, ...ipAddresses, ...uri, ...email]);
}

import { createHash } from "node:crypto";
import type { Csr } from "@countersign/issuer-signer";
import type { RequestStep } from "../lifecycle/lifecycle.ts";
import { redact } from "./redact.ts";

/** What is told of a decision. */
export type AuditEvent =
  | "signed"
  | "reused"
  | "issued"
  | "failed"
  | "denied"
  | "pending"
  | "refused"
  | "abandoned"
  | "possibleDuplicate";

/** What was asked for, without the CSR itself. */
export interface AuditCsr {
  /** Of the DER, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly subject: string;
  /** Number of subject alternative names. */
  readonly names: number;
}

/** What is recorded beside who, which request and which issuer. */
export interface AuditFacts {
  readonly attempt?: string | undefined;
  readonly csr?: AuditCsr | undefined;
  readonly serial?: string | undefined;
  /** RFC 3339. */
  readonly notAfter?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** A line has at most this many bytes, its newline included. */
export const maxAuditLineBytes = 8_192;

/** The most that each free text may take, in bytes of JSON: together with what is fixed they stay below the line's bound. */
const bounds = Object.freeze({
  /** Names of Kubernetes objects have at most 253. */
  name: 256,
  subject: 512,
  message: 1_152,
  approval: 640,
  /** The longest of a service account has 340. */
  username: 384,
  group: 256,
  groups: 768,
});

/** What the CSR asks for. */
export function auditCsr({ der, subject, names }: Csr): AuditCsr {
  const count = Object.values(names).reduce(
    (sum, each: unknown) => sum + (Array.isArray(each) ? each.length : 0),
    0,
  );
  return { sha256: createHash("sha256").update(der).digest("hex"), subject, names: count };
}

/** One decision as one line of JSON, without its newline. */
export function auditLine(
  time: number,
  instance: string,
  event: AuditEvent,
  step: RequestStep,
  facts: AuditFacts,
): string {
  const { request, issuer, requester, approval, reconcile } = step;
  const { csr } = facts;
  const groups = takeGroups(requester.groups);
  const record = {
    time: new Date(time).toISOString(),
    event,
    request: {
      kind: request.kind,
      namespace: cut(request.namespace, bounds.name),
      name: cut(request.name, bounds.name),
      uid: cut(request.uid, bounds.name),
    },
    issuer: {
      group: cut(issuer.group, bounds.name),
      kind: cut(issuer.kind, bounds.name),
      namespace: cut(issuer.namespace, bounds.name),
      name: cut(issuer.name, bounds.name),
    },
    requester: {
      username: cut(requester.username, bounds.username),
      uid: requester.uid === undefined ? undefined : cut(requester.uid, bounds.name),
      groups: groups.taken,
      groupsLeftOff: groups.leftOff === 0 ? undefined : groups.leftOff,
    },
    approval: approval && {
      approved: approval.approved,
      reason: cut(approval.reason, bounds.name),
      message: cut(redact(approval.message), bounds.approval),
    },
    attempt: facts.attempt,
    csr: csr && { ...csr, subject: cut(csr.subject, bounds.subject) },
    serial: facts.serial === undefined ? undefined : cut(facts.serial, bounds.name),
    notAfter: facts.notAfter,
    reason: facts.reason === undefined ? undefined : cut(facts.reason, bounds.name),
    message: facts.message === undefined ? undefined : cut(facts.message, bounds.message),
    reconcile,
    instance: cut(instance, bounds.name),
  };
  return escapeRest(JSON.stringify(record));
}

/** What JSON.stringify leaves as it is although terminals obey it. Such characters are within strings only. */
const obeyed = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function escapeRest(json: string): string {
  return json.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function size(text: string): number {
  return Buffer.byteLength(escapeRest(JSON.stringify(text))) - 2;
}

/** The text, cut between characters so that it takes at most `bytes` as JSON. */
function cut(text: string, bytes: number): string {
  if (text.length <= bytes / 6) return text;
  const candidate = text.slice(0, bytes);
  if (candidate.length === text.length && size(text) <= bytes) return text;
  const ellipsis = "…";
  let kept = "";
  let used = Buffer.byteLength(ellipsis);
  for (const character of candidate) {
    used += size(character);
    if (used > bytes) break;
    kept += character;
  }
  return kept + ellipsis;
}

function takeGroups(groups: readonly string[]): {
  readonly taken: readonly string[];
  readonly leftOff: number;
} {
  const taken: string[] = [];
  let used = 0;
  for (const group of groups) {
    const text = cut(group, bounds.group);
    used += size(text) + 3;
    if (used > bounds.groups) break;
    taken.push(text);
  }
  return { taken, leftOff: groups.length - taken.length };
}

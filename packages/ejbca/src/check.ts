import { IssuerError, quoted } from "@countersign/issuer-signer";
import { type Access, accessError } from "./access-error.ts";
import { authoritiesOf } from "./certificate-search.ts";
import { type EjbcaAnswer, isSuccess, said } from "./ejbca-answer.ts";
import type { EjbcaSession } from "./ejbca-session.ts";
import { judge } from "./judge.ts";
import type { ServerInfo } from "./server-info.ts";

/** What {@link checkEjbca} looks at. */
export interface CheckEjbcaOptions {
  readonly session: EjbcaSession;
  readonly info: ServerInfo;
  readonly access: Access;
  readonly certificateProfileName: string;
  readonly signal: AbortSignal;
}

/**
 * Resolves when a node works, the issuer's identity is accepted, and it sees its CA and, where EJBCA tells, its certificate
 * profile. Whether the role may enrol shows only when it does.
 *
 * @throws what is wrong, as an error of the closed set
 */
export async function checkEjbca(options: CheckEjbcaOptions): Promise<void> {
  await checkAuthority(options);
  await checkProfile(options);
  await options.info.refresh(options.signal);
}

/** The list needs a login, unlike the status, and leaves out what is offline or has expired. */
async function checkAuthority({ session, access, signal }: CheckEjbcaOptions): Promise<void> {
  const answer = await session.call({ method: "GET", path: "v1/ca", signal });
  if (answer.status === 401 || answer.status === 403) throw accessError(answer, access);
  if (!isSuccess(answer)) throw judge(answer, { ...access, overrides: {}, issuesFirst: false });
  if (!Array.isArray(answer.json?.certificate_authorities))
    throw new IssuerError(`${said(answer)} without a list of CAs. Check that the URL is EJBCA's REST API.`);
  const names = [...authoritiesOf(answer).keys()];
  const wanted = access.certificateAuthorityName;
  if (!names.includes(wanted)) throw new IssuerError(missing(answer, names, wanted));
}

function missing(answer: EjbcaAnswer, names: readonly string[], wanted: string): string {
  const works = `EJBCA at ${answer.host} accepts the issuer`;
  if (names.length === 0)
    return `${works}, but shows it no CA. ${quoted(wanted)} is offline or has expired, or the issuer's identity is in no role with the rule /ca/ for it.`;
  const other = names.find((name) => name.trim().toLowerCase() === wanted.trim().toLowerCase());
  if (other !== undefined)
    return `${works}, and has the CA ${quoted(wanted)} in another spelling. Upper and lower case and blanks count.`;
  return `${works}, but does not list the CA ${quoted(wanted)}. It is offline or has expired, the issuer's role lacks the rule /ca/ for it, or its name is another one.`;
}

/** Told only where REST Certificate Management V2 is on: anything but "unknown" says nothing. */
async function checkProfile({ session, certificateProfileName, signal }: CheckEjbcaOptions): Promise<void> {
  const path = `v2/certificate/profile/${encodeURIComponent(certificateProfileName)}`;
  const answer = await session.call({ method: "GET", path, signal });
  if (answer.status === 400 && /unknown certificate profile/i.test(answer.message))
    throw new IssuerError(
      `EJBCA at ${answer.host} has no certificate profile ${quoted(certificateProfileName)}. Upper and lower case and blanks count.`,
    );
}

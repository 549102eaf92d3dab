import type { X509 } from "@countersign/issuer-signer";
import { type Access, accessError } from "./access-error.ts";
import { type EjbcaAnswer, isSuccess } from "./ejbca-answer.ts";
import type { EjbcaSession } from "./ejbca-session.ts";
import { readCertificateText } from "./issued-answer.ts";
import { judge } from "./judge.ts";

/** EJBCA refuses to answer with more at once. */
const maxResults = 400;

/** What came of one search. */
export interface Found {
  readonly certificates: readonly X509[];
  /** Whether there are more than EJBCA shows. */
  readonly hasMore: boolean;
}

/** What {@link CertificateSearch} needs. */
export interface CertificateSearchOptions {
  readonly session: EjbcaSession;
  readonly access: Access;
}

/** Searches EJBCA's certificates (v1), and what belongs to one that was found. */
export class CertificateSearch {
  readonly #session: EjbcaSession;
  readonly #access: Access;

  constructor({ session, access }: CertificateSearchOptions) {
    this.#session = session;
    this.#access = access;
  }

  /**
   * The certificates of an end entity, or those since a date. What cannot be read is left out: it was not asked for by this
   * toolkit.
   */
  async byUsername(username: string, signal: AbortSignal, since?: Date): Promise<Found> {
    const criteria = [
      criterion("QUERY", username),
      ...(since === undefined
        ? []
        : [{ property: "ISSUED_DATE", value: `${since.toISOString().slice(0, 19)}Z`, operation: "AFTER" }]),
    ];
    const { list, hasMore } = await this.#search(criteria, maxResults, signal);
    const read = await Promise.all(list.map((text) => readCertificateText(text).catch(() => undefined)));
    return { certificates: read.filter((certificate) => certificate !== undefined), hasMore };
  }

  /** Whether the issuer sees any certificate of a CA and an end entity profile. */
  async seesAny(
    certificateAuthorityName: string,
    endEntityProfileName: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const criteria = [
      criterion("CA", certificateAuthorityName),
      criterion("END_ENTITY_PROFILE", endEntityProfileName),
    ];
    return (await this.#search(criteria, 1, signal)).list.length > 0;
  }

  /** The CAs that are not offline, by name: their subject as EJBCA spells it. */
  async authorities(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const answer = this.#judged(await this.#session.call({ method: "GET", path: "v1/ca", signal }));
    return authoritiesOf(answer);
  }

  /** PEM of a CA and those above it; undefined where it is not told. */
  async chainOf(subjectDn: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `v1/ca/${encodeURIComponent(subjectDn)}/certificate/download`;
    const answer = await this.#session.call({ method: "GET", path, signal });
    return isSuccess(answer) ? answer.text : undefined;
  }

  /** Whether a certificate has been revoked, as far as EJBCA tells. */
  async isRevoked(subjectDn: string, serialHex: string, signal: AbortSignal): Promise<boolean> {
    const path = `v1/certificate/${encodeURIComponent(subjectDn)}/${serialHex}/revocationstatus`;
    const answer = await this.#session.call({ method: "GET", path, signal });
    return isSuccess(answer) && answer.json?.revoked === true;
  }

  async #search(criteria: readonly object[], max: number, signal: AbortSignal) {
    const json = { max_number_of_results: max, criteria };
    const answer = this.#judged(
      await this.#session.call({ method: "POST", path: "v1/certificate/search", json, signal }),
    );
    const entries = Array.isArray(answer.json?.certificates) ? answer.json.certificates : [];
    const list = entries.map((entry: { readonly certificate?: unknown } | null) => entry?.certificate);
    return { list, hasMore: answer.json?.more_results === true };
  }

  #judged(answer: EjbcaAnswer): EjbcaAnswer {
    if (isSuccess(answer) && answer.json !== undefined) return answer;
    if (answer.status === 403) throw accessError(answer, this.#access);
    throw judge(answer, { ...this.#access, overrides: {}, issuesFirst: false });
  }
}

/** The CAs of an answer of `v1/ca`. */
export function authoritiesOf({ json }: EjbcaAnswer): ReadonlyMap<string, string> {
  const list = Array.isArray(json?.certificate_authorities) ? json.certificate_authorities : [];
  const named = list.flatMap((entry: { readonly name?: unknown; readonly subject_dn?: unknown } | null) =>
    typeof entry?.name === "string" && typeof entry.subject_dn === "string"
      ? [[entry.name, entry.subject_dn] as const]
      : [],
  );
  return new Map(named);
}

function criterion(property: string, value: string) {
  return { property, value, operation: "EQUAL" };
}

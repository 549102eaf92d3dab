import {
  type CannotTell,
  CertificateCache,
  type CheckContext,
  cannotTell,
  type Issued,
  issued,
  RequestRejected,
  RetryableError,
  type SignContext,
  type Signer,
  type SignRequest,
  type X509,
} from "@countersign/issuer-signer";
import type { AuthKind } from "./access-error.ts";
import { assertAsAsked } from "./as-asked.ts";
import { CertificateSearch } from "./certificate-search.ts";
import { checkEjbca } from "./check.ts";
import { type EjbcaAnswer, isSuccess, said } from "./ejbca-answer.ts";
import type { EjbcaSession } from "./ejbca-session.ts";
import type { EndEntityNames } from "./end-entity-name.ts";
import type { Enrolment, EnrolmentCalls } from "./enrolment-calls.ts";
import type { EnrolmentTrouble } from "./enrolment-trouble.ts";
import { GeneralFailures } from "./general-failures.ts";
import { readCertificateText, readChain } from "./issued-answer.ts";
import { IssuedCertificates } from "./issued-certificates.ts";
import { judge } from "./judge.ts";
import { type Overrides, overridesOf } from "./overrides.ts";
import type { ServerInfo } from "./server-info.ts";
import type { ServerVersion } from "./server-version.ts";
import type { EjbcaSpec } from "./spec.ts";
import { policyCondition } from "./warnings.ts";

/** What {@link EjbcaSigner} needs: the parts that `connect` makes of the issuer's spec. */
export interface EjbcaSignerParts {
  readonly session: EjbcaSession;
  readonly info: ServerInfo;
  readonly names: EndEntityNames;
  readonly calls: EnrolmentCalls;
  readonly trouble: EnrolmentTrouble;
  readonly spec: EjbcaSpec;
  /** The issuer's API group. */
  readonly group: string;
  /** For how long `find` looks for what is not there, in milliseconds. */
  readonly settleMs?: number | undefined;
}

/** Signs by EJBCA's REST API: one issuer object. */
export class EjbcaSigner implements Signer {
  readonly #parts: EjbcaSignerParts;
  readonly #issued: IssuedCertificates;
  readonly #failures = new GeneralFailures();
  readonly #cas = new CertificateCache();

  constructor(parts: EjbcaSignerParts) {
    this.#parts = parts;
    const search = new CertificateSearch({ session: parts.session, access: this.#access(parts.spec) });
    this.#issued = new IssuedCertificates({ search, settleMs: parts.settleMs });
  }

  async check({ signal }: CheckContext): Promise<void> {
    const { session, info, spec, trouble } = this.#parts;
    const { certificateProfileName } = spec;
    await checkEjbca({ session, info, access: this.#access(spec), certificateProfileName, signal });
    trouble.assertOver();
  }

  async sign(request: SignRequest, context: SignContext): Promise<Issued> {
    const { trouble } = this.#parts;
    try {
      const outcome = await this.#enrol(request, context);
      trouble.clear();
      return outcome;
    } catch (error) {
      trouble.note(error);
      throw error;
    }
  }

  /** Looks for the certificate by its end entity and its key. */
  async find(request: SignRequest, { signal }: SignContext): Promise<Issued | CannotTell | undefined> {
    const { enrolment, overrides } = this.#enrolment(request);
    const isUnique = this.#parts.names.isUniquePerRequest && overrides.endEntityName === undefined;
    const lookup = await this.#issued.find({ request, enrolment, isUnique }, signal);
    if (lookup.status === "unknown") return cannotTell(lookup.reason);
    if (lookup.status === "absent") return undefined;
    return this.#issue(request, lookup.path, await this.#parts.info.version(signal));
  }

  close(): Promise<void> {
    return this.#parts.session.close();
  }

  async #enrol(request: SignRequest, { signal, attemptId }: SignContext): Promise<Issued> {
    const { session, info, calls, spec } = this.#parts;
    const { enrolment, overrides } = this.#enrolment(request);
    const version = await info.version(signal);
    const isExisting = spec.mode === "existingEndEntity";
    const call = isExisting
      ? calls.certificaterequest(request, enrolment)
      : calls.pkcs10enroll(request, enrolment, version, Date.now());
    const answer = await session.call({ method: "POST", ...call, mayIssue: true, signal });
    if (!isSuccess(answer) || answer.json?.certificate === undefined)
      throw this.#refusal(answer, enrolment, overrides, attemptId);
    const leaf = await readCertificateText(answer.json.certificate);
    this.#failures.issued(attemptId);
    const given = await readChain(answer.json.certificate_chain, this.#cas);
    // It was asked for, but a gateway may have dropped it.
    const chain = given.length > 0 ? given : await this.#chainAbove(leaf, enrolment, signal);
    return this.#issue(request, [leaf, ...chain], version);
  }

  #access({ certificateAuthorityName, endEntityProfileName, auth }: Enrolment & Pick<EjbcaSpec, "auth">) {
    const kind: AuthKind = auth.oauth2 === undefined ? "clientCertificate" : "oauth2";
    return { auth: kind, certificateAuthorityName, endEntityProfileName };
  }

  #enrolment(request: SignRequest): { readonly enrolment: Enrolment; readonly overrides: Overrides } {
    const { spec, names, group } = this.#parts;
    const { certificateAuthorityName, certificateProfileName, endEntityProfileName } = spec;
    const overrides = overridesOf(request, spec, group);
    const endEntityName = overrides.endEntityName ?? names.nameFor(request);
    const own = { certificateAuthorityName, certificateProfileName, endEntityProfileName };
    return { enrolment: { ...own, ...overrides, endEntityName }, overrides };
  }

  /** The certificate is there already, so that no trouble on the way may look as if it were not. */
  async #chainAbove(leaf: X509, enrolment: Enrolment, signal: AbortSignal): Promise<readonly X509[]> {
    try {
      return await this.#issued.above(leaf, enrolment.certificateAuthorityName, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new RetryableError(
        "EJBCA has issued the certificate without its chain, and the chain cannot be had now. The certificate is looked for again.",
        { cause: error },
      );
    }
  }

  #refusal(answer: EjbcaAnswer, enrolment: Enrolment, overrides: Overrides, attemptId: string): Error {
    const { spec } = this.#parts;
    const issuesFirst = spec.mode === "existingEndEntity";
    const error = judge(answer, {
      ...this.#access({ ...enrolment, auth: spec.auth }),
      overrides,
      issuesFirst,
    });
    const isGeneral = answer.status === 500 && error instanceof RetryableError;
    if (!isGeneral || !this.#failures.add(attemptId)) return error;
    return new RequestRejected(
      `${said(answer)}: a general failure, again and again, while it issues for other requests. EJBCA's log says what it cannot take.`,
    );
  }

  #issue(request: SignRequest, path: readonly X509[], version: ServerVersion | undefined): Issued {
    const { calls, spec } = this.#parts;
    const leaf = path.find(({ spkiDer }) =>
      Buffer.from(spkiDer).equals(Buffer.from(request.parsedCsr.spkiDer)),
    );
    if (leaf !== undefined) assertAsAsked(request, leaf, spec.mode === "existingEndEntity");
    const condition = leaf === undefined ? undefined : policyCondition(request, leaf, calls, version);
    return issued({
      chain: path.map(({ pem }) => pem).join(""),
      ...(condition === undefined ? {} : { conditions: [condition] }),
    });
  }
}

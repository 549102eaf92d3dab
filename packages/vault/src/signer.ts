import {
  type CannotTell,
  CertificateCache,
  type CheckContext,
  type CredentialReport,
  cannotTell,
  type Issued,
  issued,
  RequestRejected,
  RetryableError,
  type SignContext,
  type Signer,
  type SignRequest,
} from "@countersign/issuer-signer";
import { chainFromLeaf } from "./chain.ts";
import { type CheckVaultOptions, checkVault } from "./check.ts";
import { said } from "./errors.ts";
import { IssuedCertificates, type IssuedCertificatesOptions } from "./issued-certificates.ts";
import { roleHint } from "./role-hint.ts";
import { signBody } from "./sign-body.ts";
import { signError } from "./sign-error.ts";
import { intermediatePath } from "./sign-path.ts";
import { type SignRefusal, signRefusal } from "./sign-refusal.ts";
import { reportTokenExpiry } from "./token-expiry.ts";
import { isSuccess, objectField, texts, type VaultAnswer } from "./vault-answer.ts";
import { policyCondition } from "./warnings.ts";

/** What {@link VaultSigner} needs: the parts that `connect` makes of the issuer's spec. */
export interface VaultSignerParts
  extends Omit<CheckVaultOptions, "signal">,
    Pick<IssuedCertificatesOptions, "settleMs" | "electionMs"> {
  /** Told when a token from a Secret ends. */
  readonly report: (report: CredentialReport) => void;
}

/** Signs by the PKI engine of a Vault or OpenBao: one issuer object, one path. */
export class VaultSigner implements Signer {
  readonly #parts: VaultSignerParts;
  readonly #issued: IssuedCertificates;
  readonly #cas = new CertificateCache();

  constructor(parts: VaultSignerParts) {
    this.#parts = parts;
    this.#issued = new IssuedCertificates(parts);
  }

  async check({ signal }: CheckContext): Promise<void> {
    const { session, report } = this.#parts;
    await checkVault({ ...this.#parts, signal });
    if (session.hasStoredToken) await reportTokenExpiry(session, report, signal);
  }

  async sign(request: SignRequest, { signal }: SignContext): Promise<Issued> {
    this.#assertFits(request);
    const { session, path } = this.#parts;
    const answer = await session.call({
      method: "POST",
      path: path.path,
      json: signBody(request, path.mode),
      idempotent: false,
      signal,
      judge: (refusal) => (signRefusal(refusal, request.parsedCsr) ? undefined : signError(refusal, path)),
    });
    const refusal = signRefusal(answer, request.parsedCsr);
    if (refusal !== undefined) throw await this.#rejected(answer, refusal, signal);
    return this.#issue(request, await this.#unwrapped(answer, signal));
  }

  /** Looks through the mount's certificates, where the issuer's policies allow it. */
  async find(request: SignRequest, { signal }: SignContext): Promise<Issued | CannotTell | undefined> {
    const lookup = await this.#issued.find(request, signal);
    if (lookup.status === "unknown") return cannotTell(lookup.reason);
    if (lookup.status === "absent") return undefined;
    return issued({ chain: lookup.path.map(({ pem }) => pem).join("") });
  }

  close(): Promise<void> {
    return this.#parts.session.close();
  }

  /** Vault would ignore `isCA` and issue something else. */
  #assertFits({ isCA }: SignRequest): void {
    const { path } = this.#parts;
    if (isCA === (path.mode === "sign-intermediate")) return;
    throw new RequestRejected(
      isCA
        ? `The request is for a CA certificate, which Vault does not sign at ${path.path}. Use an issuer with the path ${intermediatePath(path)}.`
        : `This issuer's path ${path.path} signs CA certificates only. Set isCA, or use an issuer with a path to sign/ROLE.`,
    );
  }

  async #rejected(answer: VaultAnswer, refusal: SignRefusal, signal: AbortSignal): Promise<RequestRejected> {
    const { problem, fields, remedy } = refusal;
    const { role } = this.#parts.path;
    const who = role === undefined ? "Vault" : `the role ${role}`;
    const hint = await this.#roleHint(fields, signal);
    const rule = hint === undefined ? undefined : `It has ${hint}.`;
    const look =
      hint === undefined ? `Look at the role's ${fields.slice(0, 4).join(", ")}` : "Change the role";
    const advice = remedy ?? `${look}, or ask for something else.`;
    return new RequestRejected(
      [`${said(answer)}: ${who} ${problem}.`, rule, advice].filter(Boolean).join(" "),
    );
  }

  /** What the role says, where the issuer may read it: a refusal without the rule is a riddle. */
  async #roleHint(fields: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { session, path } = this.#parts;
    if (path.role === undefined || fields.length === 0) return undefined;
    try {
      const role = await session.call({
        method: "GET",
        path: `${path.mount}/roles/${path.role}`,
        mayBeDenied: true,
        signal,
        judge: () => undefined,
      });
      return isSuccess(role) ? roleHint(role, fields) : undefined;
    } catch {
      // The refusal stands, with or without a hint.
      return undefined;
    }
  }

  /** A policy with min_wrapping_ttl puts the answer into a cubbyhole, from which it can be had once. */
  async #unwrapped(answer: VaultAnswer, signal: AbortSignal): Promise<VaultAnswer> {
    const token = objectField(answer, "wrap_info")?.token;
    if (typeof token !== "string") return answer;
    const unreadable = ({ host }: VaultAnswer) =>
      new RetryableError(
        `Vault at ${host} wraps its answers and does not unwrap them. Remove min_wrapping_ttl from the policy for ${this.#parts.path.path}.`,
      );
    return this.#parts.session.call({
      method: "POST",
      path: "sys/wrapping/unwrap",
      token,
      idempotent: false,
      signal,
      judge: unreadable,
    });
  }

  #issue(request: SignRequest, answer: VaultAnswer): Issued {
    const data = objectField(answer, "data");
    if (typeof data?.certificate !== "string")
      throw new RetryableError(`${said(answer)} without a certificate. Check that the server is a Vault.`);
    const path = chainFromLeaf(
      {
        certificate: data.certificate,
        caChain: texts(data.ca_chain),
        issuingCa: typeof data.issuing_ca === "string" ? data.issuing_ca : undefined,
      },
      this.#cas,
    );
    const [leaf] = path;
    const condition = leaf === undefined ? undefined : policyCondition(request, leaf);
    return issued({
      chain: path.map(({ pem }) => pem).join(""),
      ...(condition === undefined ? {} : { conditions: [condition] }),
    });
  }
}

import { BadCertificateError, IssuerError, RetryableError, type X509 } from "@countersign/issuer-signer";
import { certificateBytes, readCertificates } from "./certificate-body.ts";
import type { CertsrvSession } from "./certsrv-session.ts";
import { hresultOf, hresultText } from "./hresults.ts";
import { type RequestState, readRequestState } from "./request-state.ts";

/** A certificate has come, or the page says why not. */
export type Retrieved =
  | { readonly status: "certificates"; readonly certificates: readonly X509[] }
  | RequestState;

/** Asks for what, beside the CSR. */
export interface SubmitOptions {
  /** PEM. */
  readonly csr: string;
  /** Lines `Name:Value`. */
  readonly attributes: readonly string[];
  readonly signal: AbortSignal;
}

/** The calls of AD CS web enrolment: requests, their certificates, the CA's own. */
export class CertsrvClient {
  readonly #session: CertsrvSession;

  constructor(session: CertsrvSession) {
    this.#session = session;
  }

  /** Sends a request to the CA. */
  async submit({ csr, attributes, signal }: SubmitOptions): Promise<RequestState> {
    const fields = {
      Mode: "newreq",
      CertRequest: csr,
      CertAttrib: attributes.map((line) => `${line}\r\n`).join(""),
      FriendlyType: "Saved-Request Certificate",
      TargetStoreFlags: "0",
      SaveCert: "yes",
      ThumbPrint: "",
    };
    const body = await this.#session.post("certfnsh.asp", fields, signal);
    return readRequestState(body.toString("utf8"));
  }

  /** The certificate of a request, or its state. */
  certificate(requestId: number, signal: AbortSignal): Promise<Retrieved> {
    return this.#retrieve(`certnew.cer?ReqID=${requestId}&Enc=b64`, signal);
  }

  /** The certificate of a request with those above it, or the request's state. */
  chain(requestId: number, signal: AbortSignal): Promise<Retrieved> {
    return this.#retrieve(`certnew.p7b?ReqID=${requestId}&Enc=b64`, signal);
  }

  /** How often the CA's certificate has been renewed. */
  async renewals(signal: AbortSignal): Promise<number> {
    const page = (await this.#session.get("certcarc.asp", signal)).toString("latin1");
    const [, digits] = /\bnRenewals\s*=\s*(\d{1,4})(?!\d)/.exec(page) ?? [];
    if (digits === undefined)
      throw new IssuerError(
        "certcarc.asp is not the page of a web enrolment that has a CA. Correct the issuer's URL, or set up the role service Web Enrollment.",
      );
    return Number(digits);
  }

  /** The CA's certificate of one generation, 0 for the first. */
  async authority(generation: number, signal: AbortSignal): Promise<X509> {
    const [certificate] = await this.#ofAuthority("certnew.cer", generation, signal);
    if (certificate === undefined)
      throw new BadCertificateError("the CA's certificate is missing; look at the CA");
    return certificate;
  }

  /** The same with those above it. */
  authorityChain(generation: number, signal: AbortSignal): Promise<readonly X509[]> {
    return this.#ofAuthority("certnew.p7b", generation, signal);
  }

  async #ofAuthority(page: string, generation: number, signal: AbortSignal): Promise<readonly X509[]> {
    const answer = await this.#retrieve(`${page}?ReqID=CACert&Renewal=${generation}&Enc=b64`, signal);
    if (answer.status === "certificates") return answer.certificates;
    const code = "hresult" in answer ? answer.hresult : undefined;
    const named = code === undefined ? "" : `: ${hresultText(code)}`;
    const hint = (code === undefined ? undefined : hresultOf(code)?.hint) ?? "Look whether the CA runs.";
    throw new RetryableError(
      `certsrv does not give the CA's certificate of generation ${generation}${named}. ${hint}`,
      { issuedNothing: true },
    );
  }

  async #retrieve(page: string, signal: AbortSignal): Promise<Retrieved> {
    const body = await this.#session.get(page, signal);
    const bytes = certificateBytes(body);
    if (bytes === undefined) return readRequestState(body.toString("utf8"));
    return { status: "certificates", certificates: await readCertificates(bytes) };
  }
}

import {
  HttpClient,
  type HttpClientOptions,
  type Issued,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import { connectEjbca, type EjbcaContext } from "./connect-ejbca.ts";
import { ejbcaIssuer } from "./ejbca-issuer.ts";

/** What {@link connectTo} does otherwise than usual. */
export interface ConnectOptions {
  /** Over `spec.ejbca`, which names LabIssuingCA, LabTLS and LabEEP, and logs in by a client certificate. */
  readonly ejbca?: Readonly<Record<string, unknown>>;
  /** By the names that `secretRefs` gives them. */
  readonly secrets?: Partial<EjbcaContext["secrets"]>;
  readonly configMaps?: Partial<EjbcaContext["configMaps"]>;
  readonly http?: HttpClientOptions;
  /** As `connectEjbca` takes it; nothing is waited for unless given. */
  readonly settleMs?: number;
}

const never = new AbortController().signal;

/** For tests: a signer for these nodes, connected as the SDK would. */
export function connectTo(urls: string | readonly string[], options: ConnectOptions = {}) {
  const where = typeof urls === "string" ? { url: urls } : { urls };
  const http = new HttpClient(options.http);
  const context: EjbcaContext = {
    spec: ejbcaIssuer.spec.parse({
      ejbca: {
        ...where,
        auth: { clientCertificate: { secretName: "ejbca-client" } },
        certificateAuthorityName: "LabIssuingCA",
        certificateProfileName: "LabTLS",
        endEntityProfileName: "LabEEP",
        ...options.ejbca,
      },
    }),
    secrets: { ...options.secrets } as EjbcaContext["secrets"],
    configMaps: { ...options.configMaps } as EjbcaContext["configMaps"],
    http,
    issuer: { group: "ejbca.example.com", kind: "EJBCAIssuer", name: "ca", namespace: "team", uid: "1" },
    serviceAccountTokens: { request: () => Promise.reject(new TypeError("EJBCA takes no such tokens")) },
    credentials: { save: () => Promise.reject(new TypeError("EJBCA's credentials are not renewed")) },
    reports: { circuit: () => {}, credential: () => {} },
  };
  const signer = connectEjbca(context, { settleMs: options.settleMs ?? 0 });
  const contextOf = ({ uid }: SignRequest, signal = never) => ({
    operation: undefined,
    signal,
    attemptId: uid,
  });
  const requestOf = async (given: SignRequest | SignRequestForOptions = {}) =>
    "parsedCsr" in given ? (given as SignRequest) : signRequestFor(given);
  return {
    signer,
    check: () => signer.check({ signal: never }),
    async sign(given?: SignRequest | SignRequestForOptions, signal?: AbortSignal): Promise<Issued> {
      const request = await requestOf(given);
      const outcome = await signer.sign(request, contextOf(request, signal));
      if (outcome.status === "pending") throw new TypeError("EJBCA issues at once");
      return outcome;
    },
    find: async (request: SignRequest) => signer.find?.(request, contextOf(request)),
    async [Symbol.asyncDispose]() {
      await signer.close?.();
      http.close();
    },
  };
}

/** The error that a call ends with. */
export function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error("the call should have failed");
    },
    (error: Error) => error,
  );
}

import {
  CredentialGuard,
  HttpClient,
  type IssuerError,
  type SignOutcome,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import type { Certsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { adcsIssuer } from "./adcs-issuer.ts";
import { type AdcsContext, connectAdcs } from "./connect-adcs.ts";
import type { AdcsOperation } from "./operation.ts";

/** What {@link connectTo} does otherwise than usual. */
export interface ConnectOptions {
  /** Over `spec.adcs`, which logs in as `svc` by basic authentication and asks for WebServer. */
  readonly adcs?: Readonly<Record<string, unknown>>;
  readonly secrets?: Partial<AdcsContext["secrets"]>;
  readonly guard?: CredentialGuard<IssuerError>;
  /** 0.5 unless given. */
  readonly random?: () => number;
}

const never = new AbortController().signal;

/** For tests: a signer for this simulator, connected as the SDK would. */
export function connectTo(certsrv: Pick<Certsrv, "url" | "tlsCaPem">, options: ConnectOptions = {}) {
  const http = new HttpClient();
  const context: AdcsContext = {
    spec: adcsIssuer().spec.parse({
      adcs: {
        ...(options.adcs?.urls === undefined ? { url: certsrv.url } : {}),
        caBundle: Buffer.from(certsrv.tlsCaPem).toString("base64"),
        auth: { basic: { username: "svc", passwordSecretRef: { name: "adcs" } } },
        template: "WebServer",
        ...options.adcs,
      },
    }),
    secrets: {
      ...{ caBundle: undefined, username: undefined, keytab: undefined },
      ...{ password: "password\n", ...options.secrets },
    },
    configMaps: { caBundle: undefined },
    http,
    issuer: { group: "adcs.example.com", kind: "AdcsIssuer", name: "ca", namespace: "team", uid: "1" },
    serviceAccountTokens: { request: () => Promise.reject(new TypeError("AD CS takes no such tokens")) },
    credentials: { save: () => Promise.reject(new TypeError("AD CS renews no passwords")) },
    reports: { circuit: () => {}, credential: () => {} },
  };
  const { guard = new CredentialGuard<IssuerError>(), random = () => 0.5 } = options;
  const signer = connectAdcs(context, { guard, random });
  const contextOf = ({ uid }: SignRequest, operation?: AdcsOperation, signal = never) => ({
    ...{ operation, signal, attemptId: uid },
  });
  const requestOf = async (given: SignRequest | SignRequestForOptions = {}) =>
    "parsedCsr" in given ? (given as SignRequest) : signRequestFor(given);
  return {
    signer,
    guard,
    check: () => signer.check({ signal: never }),
    async sign(
      given?: SignRequest | SignRequestForOptions,
      operation?: AdcsOperation,
      signal?: AbortSignal,
    ): Promise<SignOutcome<AdcsOperation>> {
      const request = await requestOf(given);
      return signer.sign(request, contextOf(request, operation, signal));
    },
    find: async (request: SignRequest) => signer.find?.(request, contextOf(request)),
    async [Symbol.asyncDispose]() {
      await signer.close?.();
      http.close();
    },
  };
}

/** What the signer keeps of a request that waits. Throws for any other outcome. */
export function operationOf(outcome: SignOutcome<AdcsOperation>): AdcsOperation {
  if (outcome.status !== "pending") throw new TypeError(`Expected a pending outcome, got ${outcome.status}`);
  return outcome.operation;
}

/** The chain of what was issued. Throws for any other outcome. */
export function chainOf(outcome: SignOutcome<AdcsOperation>): string {
  if (outcome.status !== "issued") throw new TypeError(`Expected an issued outcome, got ${outcome.status}`);
  return outcome.chain;
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

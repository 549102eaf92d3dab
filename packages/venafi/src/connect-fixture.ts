import {
  type CannotTell,
  type CredentialReport,
  HttpClient,
  type HttpClientOptions,
  type Issued,
  type Pending,
  type ServiceAccountTokenRequest,
  type SignOutcome,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import type { Tpp } from "../../../test/rigs/venafi/start-tpp.ts";
import type { VenafiCloud } from "../../../test/rigs/venafi/start-venafi-cloud.ts";
import { connectVenafi, type VenafiContext } from "./connect-venafi.ts";
import { type VenafiOperation, venafiOperation } from "./operation.ts";
import { venafiIssuer } from "./venafi-issuer.ts";

/** What {@link connectTo} does otherwise than usual. */
export interface ConnectOptions {
  readonly zone?: string;
  readonly origin?: string;
  /** Over `spec.venafi.tpp`, which has a Secret and nothing else. */
  readonly tpp?: Readonly<Record<string, unknown>>;
  /** Over `spec.venafi.cloud`, which has an API key and nothing else. */
  readonly cloud?: Readonly<Record<string, unknown>>;
  /** By the names that `secretRefs` gives them; a password, or the simulator's API key, unless given. */
  readonly secrets?: Partial<VenafiContext["secrets"]>;
  readonly http?: HttpClientOptions;
  /** Called for each save; none is refused unless this rejects. */
  readonly save?: (values: Readonly<Record<string, string | undefined>>) => Promise<void>;
  readonly requestToken?: (request: ServiceAccountTokenRequest) => Promise<string>;
}

const never = new AbortController().signal;
const attemptId = "attempt-of-the-test";

/** For tests: a signer for this simulator, connected as the SDK would, and a clock that moves by what it waits. */
export function connectTo(server: Tpp | VenafiCloud, options: ConnectOptions = {}) {
  const isCloud = "apiKey" in server.credentials;
  const saved: Readonly<Record<string, string | undefined>>[] = [];
  const credentials: CredentialReport[] = [];
  const tokenRequests: ServiceAccountTokenRequest[] = [];
  let clock = Date.now();
  const http = new HttpClient(options.http);
  const caBundle = Buffer.from(server.caPem).toString("base64");
  const base = { url: server.url, caBundle };
  const venafi = isCloud
    ? { cloud: { ...base, ...credentialOf(options.cloud, "apiTokenSecretRef"), ...options.cloud } }
    : { tpp: { ...base, ...credentialOf(options.tpp, "credentialsRef"), ...options.tpp } };
  const { zone = isCloud ? "Open\\Default" : "Open", origin } = options;
  const context: VenafiContext = {
    spec: venafiIssuer.spec.parse({ venafi: { zone, origin, ...venafi } }),
    secrets: { ...secretsOf(server, options), ...options.secrets } as VenafiContext["secrets"],
    configMaps: { caBundle: undefined },
    http,
    issuer: {
      group: "venafi.example.com",
      kind: "VenafiIssuer",
      name: "web",
      namespace: "team",
      uid: "1",
    },
    serviceAccountTokens: {
      async request(request) {
        tokenRequests.push(request);
        const token = (await options.requestToken?.(request)) ?? "jwt";
        return { token, expiresAt: Date.now() + 600_000 };
      },
    },
    credentials: {
      async save(values) {
        await options.save?.(values);
        saved.push(values);
      },
    },
    reports: { circuit: () => {}, credential: (report) => credentials.push(report) },
  };
  const delay = async (ms: number) => {
    clock += ms;
  };
  const signer = connectVenafi(context, { now: () => clock, delay });
  const asked = async (request: SignRequest | SignRequestForOptions) =>
    "parsedCsr" in request ? request : signRequestFor(request);
  const call = (operation: VenafiOperation | undefined) => ({ operation, signal: never, attemptId });

  return {
    signer,
    saved,
    credentials,
    tokenRequests,
    /** Lets time pass, in milliseconds. */
    pass: delay,
    check: () => signer.check({ signal: never }),
    /** One call. */
    async sign(request: SignRequest | SignRequestForOptions = {}, operation?: VenafiOperation) {
      return signer.sign(await asked(request), call(operation));
    },
    async find(
      request: SignRequest,
    ): Promise<SignOutcome<VenafiOperation> | Issued | CannotTell | undefined> {
      return signer.find?.(request, call(undefined));
    },
    /** Calls until it is issued, with the operation stored in between and the waits kept to. */
    async issue(request: SignRequest | SignRequestForOptions = {}, first?: Pending<VenafiOperation>) {
      const { pendings, outcome } = await run(await asked(request), first, 100);
      if (outcome.status !== "issued") throw new Error(`still pending: ${outcome.message}`);
      return { chain: outcome.chain, pendings };
    },
    /** Calls so often, as long as it is pending. */
    async pending(request: SignRequest, calls: number): Promise<Pending<VenafiOperation>> {
      const { outcome } = await run(request, undefined, calls);
      if (outcome.status !== "pending") throw new Error("it is issued already");
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      await signer.close?.();
      http.close();
    },
  };

  async function run(request: SignRequest, first: Pending<VenafiOperation> | undefined, calls: number) {
    const pendings: Pending<VenafiOperation>[] = [];
    let outcome: SignOutcome<VenafiOperation> | undefined = first;
    for (let made = 0; made < calls && outcome?.status !== "issued"; made += 1) {
      if (outcome !== undefined) await delay(outcome.retryAfterMs);
      outcome = await signer.sign(request, call(stored(outcome?.operation)));
      if (outcome.status === "pending") pendings.push(outcome);
    }
    if (outcome === undefined) throw new Error("no call was made");
    return { outcome, pendings };
  }
}

/** As it comes back from the request object. */
function stored(operation: VenafiOperation | undefined): VenafiOperation | undefined {
  return operation === undefined ? undefined : venafiOperation.parse(JSON.parse(JSON.stringify(operation)));
}

/** The field that names the Secret, unless the test logs in otherwise. */
function credentialOf(given: object = {}, field: "credentialsRef" | "apiTokenSecretRef") {
  return "serviceAccountRef" in given || "serviceAccount" in given ? {} : { [field]: { name: "venafi" } };
}

function secretsOf(server: Tpp | VenafiCloud, { tpp = {}, cloud = {}, secrets }: ConnectOptions) {
  if ("apiKey" in server.credentials)
    return "serviceAccount" in cloud ? {} : { apiKey: server.credentials.apiKey };
  if (secrets !== undefined || "serviceAccountRef" in tpp) return {};
  const [user] = server.credentials.users;
  return { username: user?.username, password: user?.password };
}

/** The error that a call ends with. */
export function failureOf(call: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  return call.then(
    () => {
      throw new Error("the call should have failed");
    },
    (error: Error) => error,
  );
}

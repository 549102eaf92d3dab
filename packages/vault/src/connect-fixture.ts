import {
  type CredentialReport,
  HttpClient,
  type HttpClientOptions,
  type Issued,
  parseCsr,
  type ServiceAccountTokenRequest,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import { connectVault, type VaultContext } from "./connect-vault.ts";
import { fakeRoot, fakeSign } from "./fake-pki-fixture.ts";
import type { FakeVault } from "./fake-vault-fixture.ts";
import { vaultIssuer } from "./vault-issuer.ts";

/** What {@link connectTo} does otherwise than usual. */
export interface ConnectOptions {
  /** Over `spec.vault`, which has a token, the path `pki/sign/web` and nothing else. */
  readonly vault?: Readonly<Record<string, unknown>>;
  /** By the names that `secretRefs` gives them; the token is `root` unless `vault` says how to log in. */
  readonly secrets?: Partial<VaultContext["secrets"]>;
  readonly caBundle?: string;
  readonly issuer?: Partial<VaultContext["issuer"]>;
  readonly http?: HttpClientOptions;
  /** Tokens of service accounts; `jwt-1` and so on unless given. */
  /** As `connectVault` takes it; nothing is waited for unless given. */
  readonly settleMs?: number;
  readonly electionMs?: number;
  readonly requestToken?: (request: ServiceAccountTokenRequest) => Promise<string>;
}

const never = new AbortController().signal;

/** For tests: a signer for these servers, connected as the SDK would. */
export function connectTo(servers: string | readonly string[], options: ConnectOptions = {}) {
  const { vault = {}, secrets, caBundle, issuer } = options;
  const { spec } = vaultIssuer;
  const server = typeof servers === "string" ? { server: servers } : { servers };
  const signing = "mount" in vault ? {} : { path: "pki/sign/web" };
  const auth = { tokenSecretRef: { name: "vault" } };
  const tokenRequests: ServiceAccountTokenRequest[] = [];
  const credentials: CredentialReport[] = [];
  const http = new HttpClient(options.http);
  const context: VaultContext = {
    spec: spec.parse({ vault: { ...server, ...signing, auth, ...vault } }),
    secrets: { ...("auth" in vault ? {} : { token: "root" }), ...secrets } as VaultContext["secrets"],
    configMaps: { caBundle },
    http,
    issuer: {
      group: "vault.example.com",
      kind: "VaultIssuer",
      name: "ca",
      namespace: "team",
      uid: "1",
      ...issuer,
    },
    credentials: { save: () => Promise.reject(new Error("not used")) },
    serviceAccountTokens: {
      async request(request) {
        tokenRequests.push(request);
        const token = (await options.requestToken?.(request)) ?? `jwt-${tokenRequests.length}`;
        return { token, expiresAt: Date.now() + 600_000 };
      },
    },
    reports: { circuit: () => {}, credential: (report) => credentials.push(report) },
  };
  const signer = connectVault(context, {
    settleMs: options.settleMs ?? 0,
    electionMs: options.electionMs ?? 0,
  });
  const call = { operation: undefined, signal: never, attemptId: "attempt" };
  return {
    signer,
    tokenRequests,
    credentials,
    check: () => signer.check({ signal: never }),
    async sign(request: SignRequest | SignRequestForOptions = {}): Promise<Issued> {
      const asked = "parsedCsr" in request ? request : await signRequestFor(request);
      const outcome = await signer.sign(asked as SignRequest, call);
      if (outcome.status === "pending") throw new TypeError("Vault issues at once");
      return outcome;
    },
    find: async (request: SignRequest) => signer.find?.(request, call),
    async [Symbol.asyncDispose]() {
      await signer.close?.();
      http.close();
    },
  };
}

/** For tests: has the fake sign every request of a path with a CA of its own. */
export function signing(fake: FakeVault, path = "pki/sign/web"): void {
  const root = fakeRoot();
  fake.routes[`POST ${path}`] = async ({ json }) => {
    const seconds = Number(String(json.ttl).replace("s", ""));
    const leaf = await fakeSign(root, { csr: parseCsr(String(json.csr)), seconds });
    return { body: { data: { certificate: leaf.pem, ca_chain: [root.certificate.pem] } } };
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

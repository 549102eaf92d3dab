import {
  HttpClient,
  type Issued,
  parseCsr,
  type ServiceAccountTokenRequest,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import { connectWebhook, type WebhookContext } from "./connect-webhook.ts";
import { type FakeCa, fakeCa } from "./fake-ca-fixture.ts";
import type { FakeCall, FakeService } from "./fake-service-fixture.ts";
import type { WebhookOperation } from "./signer.ts";
import { webhookIssuer } from "./webhook-issuer.ts";

/** What {@link connectTo} does otherwise than usual. */
export interface ConnectOptions {
  /** Over `spec.webhook`, which has the URLs and nothing else. */
  readonly webhook?: Readonly<Record<string, unknown>>;
  readonly secrets?: Partial<WebhookContext["secrets"]>;
  readonly caBundle?: string;
  /** Tokens of service accounts; `token-1` and so on unless given, for ten minutes. */
  readonly requestToken?: (request: ServiceAccountTokenRequest) => Promise<string>;
}

const never = new AbortController().signal;

/** For tests: a signer for these services, connected as the SDK would. */
export function connectTo(urls: string | readonly string[], options: ConnectOptions = {}) {
  const { webhook = {}, secrets, caBundle } = options;
  const tokenRequests: ServiceAccountTokenRequest[] = [];
  const http = new HttpClient();
  const context: WebhookContext = {
    spec: webhookIssuer.spec.parse({
      webhook: { ...(typeof urls === "string" ? { url: urls } : { urls }), ...webhook },
    }),
    secrets: { ...secrets } as WebhookContext["secrets"],
    configMaps: { caBundle },
    http,
    issuer: { group: "g.example.com", kind: "WebhookIssuer", name: "web", namespace: "team", uid: "1" },
    serviceAccountTokens: {
      async request(request) {
        tokenRequests.push(request);
        const token = (await options.requestToken?.(request)) ?? `token-${tokenRequests.length}`;
        return { token, expiresAt: Date.now() + 600_000 };
      },
    },
    credentials: { save: () => Promise.reject(new TypeError("the service's credentials are not renewed")) },
    reports: { circuit: () => {}, credential: () => {} },
  };
  const signer = connectWebhook(context);
  const contextOf = (operation?: WebhookOperation) => ({ operation, signal: never, attemptId: "attempt-1" });
  const outcomeOf = async (request: SignRequest | SignRequestForOptions = {}, operation?: WebhookOperation) =>
    signer.sign(
      "parsedCsr" in request ? (request as SignRequest) : await signRequestFor(request),
      contextOf(operation),
    );
  return {
    signer,
    tokenRequests,
    check: () => signer.check({ signal: never }),
    /** Whatever came. */
    outcome: outcomeOf,
    async sign(request: SignRequest | SignRequestForOptions = {}): Promise<Issued> {
      const outcome = await outcomeOf(request);
      if (outcome.status === "pending") throw new TypeError("expected a certificate");
      return outcome;
    },
    find: async (request: SignRequest, operation?: WebhookOperation) =>
      signer.find?.(request, contextOf(operation)),
    async [Symbol.asyncDispose]() {
      await signer.close?.();
      http.close();
    },
  };
}

/** For tests: has the fake sign what is posted to a path, with a CA of its own. Resolves to that CA. */
export async function signing(fake: FakeService, path = "/sign"): Promise<FakeCa> {
  const ca = await fakeCa();
  fake.routes[`POST ${path}`] = async (call) => ({ body: await signed(ca, call) });
  return ca;
}

/** For tests: what a service of this CA answers to a call in the default format. */
export async function signed(ca: FakeCa, { json }: Pick<FakeCall, "json">) {
  const csr = parseCsr(Buffer.from(String(json.csr), "base64"));
  const request = await signRequestFor({ csr: csr.pem });
  const outcome = await ca.signer.sign(request, { operation: undefined, signal: never, attemptId: csr.pem });
  if (outcome.status === "pending") throw new TypeError("a software CA issues at once");
  const [leaf = ""] = outcome.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  return { certificate: leaf, ca: [ca.intermediate.pem, ca.root.pem] };
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

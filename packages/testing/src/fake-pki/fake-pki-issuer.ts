import {
  defineIssuer,
  type HttpClient,
  type IssuerDefinition,
  issued,
  pending,
  RequestRejected,
  type SignContext,
  type Signer,
  type SignOutcome,
  type SignRequest,
  secretKeyRef,
} from "@countersign/issuer-core";
import { z } from "zod";

/** Options of {@link fakePkiIssuer}: what the signer says of itself. */
export interface FakePkiIssuerOptions {
  /** Looks orders up by their key after a crash. */
  readonly find?: boolean | undefined;
  /** Says that a repeated order is never taken twice. The PKI must have `idempotencyKeys`, or that is a lie. */
  readonly idempotent?: boolean | undefined;
  /** API group of its kinds; `fake-pki.example.com` unless given. */
  readonly group?: string | undefined;
  /** Sent as `x-caller`, for the ledger. */
  readonly caller?: string | undefined;
}

const orderAnswer = z.object({
  id: z.string(),
  state: z.enum(["pending", "issued", "rejected"]),
  pem: z.string(),
  ca: z.string().optional(),
  reason: z.string(),
});

type OrderAnswer = z.output<typeof orderAnswer>;
interface Operation {
  readonly id: string;
}

/** How soon a pending order is looked at again: soon, since the fake PKI counts looks and not time. */
const lookAfterMs = 200;

/** An issuer for `startFakePki`: kinds `FakePkiIssuer` and `FakePkiClusterIssuer`, spec `{ url, tokenSecretRef }`. */
export function fakePkiIssuer(options: FakePkiIssuerOptions = {}): IssuerDefinition {
  const { find = false, idempotent = false, group = "fake-pki.example.com", caller = "" } = options;
  return defineIssuer({
    group,
    version: "v1alpha1",
    kinds: { namespaced: "FakePkiIssuer", cluster: "FakePkiClusterIssuer" },
    spec: z.object({ url: z.url(), tokenSecretRef: secretKeyRef({ defaultKey: "token" }) }),
    secrets: (spec) => ({ token: spec.tokenSecretRef }),
    operation: z.object({ id: z.string() }),
    connect({ spec, secrets, http }): Signer<Operation> {
      const signer = new FakePkiSigner(http, spec.url, {
        bearer: secrets.token,
        headers: { "x-caller": caller },
      });
      return {
        idempotent,
        check: ({ signal }) => signer.check(signal),
        sign: (request, context) => signer.sign(request, context),
        ...(find ? { find: (_request, context) => signer.find(context) } : {}),
      };
    },
  });
}

/** What every call carries. */
interface Credentials {
  readonly bearer: string;
  readonly headers: Readonly<Record<string, string>>;
}

class FakePkiSigner {
  readonly #http: HttpClient;
  readonly #url: string;
  readonly #credentials: Credentials;

  constructor(http: HttpClient, url: string, credentials: Credentials) {
    this.#http = http;
    this.#url = url;
    this.#credentials = credentials;
  }

  check(signal: AbortSignal): Promise<unknown> {
    return this.#http.get(`${this.#url}/health`, { ...this.#credentials, signal });
  }

  async sign(
    request: SignRequest,
    { operation, signal, attemptId: key }: SignContext<Operation>,
  ): Promise<SignOutcome<Operation>> {
    const options = { ...this.#credentials, signal, parse: orderAnswer };
    if (operation !== undefined)
      return outcome(await this.#http.get(`${this.#url}/orders/${operation.id}`, options));
    const { csr, durationSeconds, isCA, usages } = request;
    const json = { csr, key, durationSeconds, isCA, usages };
    return outcome(await this.#http.post(`${this.#url}/orders`, { ...options, json }));
  }

  async find({ signal, attemptId }: SignContext<Operation>): Promise<SignOutcome<Operation> | undefined> {
    const url = `${this.#url}/orders?key=${attemptId}`;
    const { status, body } = await this.#http.request("GET", url, {
      ...this.#credentials,
      signal,
      accept: [404],
    });
    return status === 404 ? undefined : outcome(orderAnswer.parse(JSON.parse(body.toString())));
  }
}

function outcome({ id, state, pem, ca, reason }: OrderAnswer): SignOutcome<Operation> {
  if (state === "pending") return pending({ operation: { id }, retryAfterMs: lookAfterMs });
  if (state === "rejected") throw new RequestRejected(reason);
  return issued({ chain: pem, ca });
}

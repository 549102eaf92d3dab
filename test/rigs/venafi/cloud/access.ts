import { randomBytes } from "node:crypto";
import { bearerOf, Refused, type SimulatorAnswer, type SimulatorCall } from "../answer.ts";
import { type JwtTrust, verifyJwt } from "../jwt.ts";
import type { Ledger } from "../ledger.ts";
import { cloudError, knownCodes, ownCodes } from "./error.ts";
import type { CloudLedgerEntry } from "./ledger.ts";

/** A service account of the kind "workload identity federation". */
export interface CloudServiceAccount extends JwtTrust {
  readonly subject: string;
}

/** Options of {@link CloudAccess}. */
export interface CloudAccessOptions {
  /** UUIDs. */
  readonly apiKeys: readonly string[];
  readonly serviceAccounts: readonly CloudServiceAccount[];
  readonly accessSeconds: number;
  /** How an API key that is unknown is answered: with its code, or by the gateway in plain text. */
  readonly unknownKey: "code" | "gateway";
  readonly ledger: Ledger<CloudLedgerEntry>;
  readonly clock: () => Date;
}

/** Who may call: holders of an API key, and of an access token that a service account's JWT was given for. */
export class CloudAccess {
  /** Change the set to rotate keys. */
  readonly apiKeys: Set<string>;
  readonly #options: CloudAccessOptions;
  readonly #tokens = new Map<string, Date>();

  constructor(options: CloudAccessOptions) {
    this.#options = options;
    this.apiKeys = new Set(options.apiKeys);
  }

  /** Throws the error of a call that shows nothing that is good now. */
  authenticate(call: SimulatorCall): "key" | "token" {
    const key = call.headers["tppl-api-key"];
    if (key !== undefined) {
      if (this.apiKeys.has(key)) return "key";
      if (this.#options.unknownKey === "gateway") throw new Refused({ status: 401, text: "Invalid api key" });
      throw cloudError(412, knownCodes.noApiKey, `Unable to find api key for key ${key}`, [key]);
    }
    const token = bearerOf(call);
    const end = token === undefined ? undefined : this.#tokens.get(token);
    if (end !== undefined && end > this.#options.clock()) return "token";
    throw cloudError(401, ownCodes.unauthorized, "Unauthorized");
  }

  /** `POST /v1/oauth2/v2.0/COMPANY/token`: RFC 6749 §4.4 with the assertion of RFC 7523. */
  token(call: SimulatorCall): SimulatorAnswer {
    const { serviceAccounts, accessSeconds, ledger, clock } = this.#options;
    const form = new URLSearchParams(call.body);
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    if (form.get("grant_type") !== "client_credentials") return oauthError(400, "unsupported_grant_type");
    const assertion = form.get("client_assertion");
    if (form.get("client_assertion_type") !== type || assertion === null)
      return oauthError(400, "invalid_request");
    const problems = serviceAccounts.map((account) => verifyJwt(assertion, account, clock()));
    const account = serviceAccounts[problems.indexOf(undefined)];
    if (account === undefined) {
      ledger.append({ kind: "token-refused", why: problems.at(-1) ?? "there is no service account" });
      return oauthError(401, "invalid_client");
    }
    const token = randomBytes(32).toString("base64url");
    this.#tokens.set(token, new Date(clock().getTime() + accessSeconds * 1000));
    ledger.append({ kind: "token", subject: account.subject });
    const scope = "certificate-issuance";
    const json = { access_token: token, token_type: "Bearer", expires_in: accessSeconds, scope };
    return { status: 200, json };
  }

  /** Every access token of now has expired. */
  expireTokens(): void {
    this.#tokens.clear();
  }
}

function oauthError(status: number, error: string): SimulatorAnswer {
  return { status, json: { error, error_description: `${error}: see the service account's settings` } };
}

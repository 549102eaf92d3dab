import type { KubeTransport } from "@countersign/issuer-core/kube";
import {
  type Authenticate,
  anyOf,
  bearerTokens,
  clientCertificates,
} from "@countersign/issuer-webhook/server";
import type { ServiceConfig } from "./config.ts";
import { tokenReviewer } from "./token-reviewer.ts";

/** Who may use the service, as the configuration says. */
export function authenticateBy(
  { clients, tokens }: Pick<ServiceConfig, "clients" | "tokens">,
  transport: KubeTransport | undefined,
  onTrouble: (error: unknown) => void,
): Authenticate {
  const ways: Authenticate[] = [];
  if (tokens !== undefined && transport !== undefined) {
    const { audiences = [], usernames, groups, keepFor: keepMs } = tokens;
    ways.push(
      bearerTokens({ review: tokenReviewer(transport), audiences, usernames, groups, keepMs, onTrouble }),
    );
  }
  if (clients !== undefined) ways.push(clientCertificates(clients));
  const hint = [
    ...(clients === undefined ? [] : ["Show a client certificate."]),
    ...(tokens === undefined ? [] : ["Send the token of a service account as Authorization: Bearer."]),
  ];
  return anyOf(ways, hint.join(" "));
}

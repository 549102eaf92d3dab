import type { SignRequest } from "@countersign/issuer-signer";
import { verifyIssued } from "@countersign/issuer-signer";
import type { Ejbca } from "../../../../test/rigs/ejbca/start-ejbca.ts";
import { type ConnectOptions, connectTo } from "../connect-fixture.ts";

/** What {@link connectSimulator} does otherwise than usual. */
export interface SimulatorOptions extends ConnectOptions {
  /** `issuer` unless given, which has the minimal role. */
  readonly client?: keyof Ejbca["clients"];
  readonly url?: string;
}

/** For tests: a signer for the simulator with the profiles that the minimal role allows. */
export function connectSimulator(ejbca: Ejbca, options: SimulatorOptions = {}) {
  const { client = "issuer", url, secrets, ...rest } = options;
  const { cert, key } = ejbca.clients[client];
  const byToken = options.ejbca !== undefined && "auth" in options.ejbca;
  return connectTo(url ?? ejbca.urls, {
    ...rest,
    ejbca: { endEntityProfileName: "LabEEP-OneCA", ...options.ejbca },
    secrets: {
      caBundle: ejbca.tlsCaPem,
      ...(byToken ? {} : { clientCert: cert, clientKey: key }),
      ...secrets,
    },
  });
}

/** The spec of a login at the simulator's OAuth2 server, and the secrets for it. */
export function byOAuth(
  ejbca: Ejbca,
  clientId = "issuer",
  clientSecret = `${clientId}-secret`,
  more: Readonly<Record<string, unknown>> = {},
): SimulatorOptions {
  const oauth2 = { tokenUrl: ejbca.oauth.tokenUrl, clientId, clientSecretRef: { name: "oauth" }, ...more };
  return {
    ejbca: { auth: { oauth2 } },
    secrets: { clientSecret, tokenCaBundle: ejbca.tlsCaPem },
  };
}

/** Judges an answer as the SDK does. */
export function judged(request: SignRequest, chain: string) {
  const { parsedCsr: csr, isCA, usages, durationSeconds } = request;
  return verifyIssued({ csr, chain, now: new Date(), isCA, usages, durationSeconds });
}

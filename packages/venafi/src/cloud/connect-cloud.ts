import { Endpoints, IssuerError, type Signer, TokenCache } from "@countersign/issuer-signer";
import type { VenafiParts } from "../connect-venafi.ts";
import { jwtExpiry, serviceAccountJwt } from "../jwt.ts";
import type { VenafiOperation } from "../operation.ts";
import type { CloudSpec } from "../spec.ts";
import { CloudSession, type CloudSessionOptions } from "./cloud-session.ts";
import { CloudSigner } from "./cloud-signer.ts";
import { CloudTransport } from "./cloud-transport.ts";
import { cloudUrl } from "./cloud-urls.ts";
import { CloudZone } from "./cloud-zone.ts";
import { ServiceAccountLogin } from "./service-account-login.ts";

const clock = Object.freeze({ monotonic: () => performance.now() });

/** Puts a signer for the SaaS together. Throws an IssuerError for what can never work. */
export function connectCloud(cloud: CloudSpec, parts: VenafiParts): Signer<VenafiOperation> {
  const { context, zone, origin, http, now } = parts;
  const transport = new CloudTransport(http);
  const url = cloudUrl(cloud.url, cloud.region);
  const endpoints = new Endpoints({ urls: [url], onChange: context.reports.circuit });
  const session = new CloudSession({ transport, endpoints, ...credentialOf(cloud, parts, transport) });
  return new CloudSigner({
    ...{ session, origin, now },
    zone: new CloudZone({ session, zone, clock }),
    tags: cloud.tags ?? [],
    report: context.reports.credential,
  });
}

function credentialOf(
  { serviceAccount }: CloudSpec,
  { context }: VenafiParts,
  transport: CloudTransport,
): Pick<CloudSessionOptions, "credential" | "advice"> {
  const { secrets, serviceAccountTokens, reports } = context;
  if (serviceAccount === undefined) {
    const apiKey = secrets.apiKey?.trim() ?? "";
    if (apiKey === "")
      throw new IssuerError("The Secret of cloud.apiTokenSecretRef is empty. Store the API key.");
    const advice = "Store a valid API key, and check that cloud.region or cloud.url is that of the tenant.";
    return { credential: { apiKey }, advice };
  }
  const { tokenURL: tokenUrl, serviceAccountRef: ref } = serviceAccount;
  const audience = new URL(tokenUrl).host;
  const login =
    ref === undefined
      ? storedJwt(secrets.jwt ?? "", reports)
      : {
          jwt: serviceAccountJwt(ref, serviceAccountTokens, audience),
          hint: `The token is of the Kubernetes service account ${ref.name}, for ${(ref.audiences ?? [audience]).join(", ")}.`,
        };
  const source = new ServiceAccountLogin({ transport, tokenUrl, ...login });
  const credential = new TokenCache({ source, clock, random: Math.random });
  return { credential, advice: "The token is new. Check that tokenURL and cloud.url are of one tenant." };
}

function storedJwt(secret: string, reports: VenafiParts["context"]["reports"]) {
  const jwt = secret.trim();
  if (jwt === "") throw new IssuerError("The Secret of serviceAccount.jwtSecretRef is empty. Store the JWT.");
  const expiresAt = jwtExpiry(jwt);
  if (expiresAt !== undefined) reports.credential({ credential: "jwt", expiresAt });
  return { jwt: async () => jwt, hint: "The JWT comes from a Secret, where nobody renews it." };
}

import {
  IssuerError,
  RetryableError,
  type ServiceAccountToken,
  type ServiceAccountTokenRequest,
  type ServiceAccountTokens,
} from "@countersign/issuer-signer";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import { isKubeNetworkError } from "../kube/kube-network-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { ResourceType } from "../kube/types.ts";

const serviceAccounts: ResourceType = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};

/** The shortest lifetime that kube-apiserver issues, in seconds. */
const leastSeconds = 600;

/** authentication.k8s.io/v1 TokenRequest, as it is answered. */
interface TokenRequestAnswer {
  readonly status?: { readonly token?: unknown; readonly expirationTimestamp?: unknown };
}

/** Tokens of the ServiceAccounts of one namespace, from the API server's TokenRequest. */
export function serviceAccountTokens(
  transport: Pick<KubeTransport, "request">,
  namespace: string,
): ServiceAccountTokens {
  return {
    async request({ name, audiences, expirationSeconds = leastSeconds, signal }) {
      const account = `${namespace}/${name}`;
      // Without an audience the token would be for the API server itself, and the PKI could act as the ServiceAccount.
      if (audiences.length === 0 || audiences.includes(""))
        throw new IssuerError(`A token of ServiceAccount ${account} needs an audience. Name the PKI's.`);
      const body = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences, expirationSeconds },
      };
      try {
        const path = resourcePath(serviceAccounts, { namespace, name, subresource: "token" });
        const { status } = await transport.request<TokenRequestAnswer>({
          method: "POST",
          path,
          body,
          signal,
        });
        return tokenOf(status, account);
      } catch (error) {
        throw tokenError(error, account);
      }
    },
  };
}

/** For definitions that do not say that they need tokens, so that it shows before the API server refuses them in production. */
export const noServiceAccountTokens: ServiceAccountTokens = Object.freeze({
  request: async ({ name }: ServiceAccountTokenRequest): Promise<ServiceAccountToken> => {
    throw new IssuerError(
      `A token of ServiceAccount ${name} is asked for, but the definition has no \`requestsTokens: true\`. Add it.`,
    );
  },
});

function tokenOf(status: TokenRequestAnswer["status"], account: string): ServiceAccountToken {
  const { token, expirationTimestamp } = status ?? {};
  const expiresAt = typeof expirationTimestamp === "string" ? Date.parse(expirationTimestamp) : Number.NaN;
  if (typeof token !== "string" || token === "" || Number.isNaN(expiresAt)) {
    throw new RetryableError(`The Kubernetes API answered without a token of ServiceAccount ${account}.`, {
      issuedNothing: true,
    });
  }
  return { token, expiresAt };
}

function tokenError(error: unknown, account: string): unknown {
  if (error instanceof TypeError)
    return new IssuerError(`"${account}" names no ServiceAccount. Correct its name.`, { cause: error });
  if (isKubeNetworkError(error)) return transient(error.message, error);
  if (!isKubeApiError(error)) return error;
  switch (error.status) {
    case 403:
      return new IssuerError(
        `Not allowed to request tokens of ServiceAccount ${account}. Grant the controller "create" on "serviceaccounts/token" there.`,
        { cause: error },
      );
    case 404:
      return new IssuerError(`ServiceAccount ${account} not found. Create it.`, { cause: error });
    case 400:
    case 422:
      return new IssuerError(
        `The request for a token of ServiceAccount ${account} is refused: ${error.message}`,
        {
          cause: error,
        },
      );
    default:
      return transient(
        `No token of ServiceAccount ${account}: the Kubernetes API answered with HTTP ${error.status}.`,
        error,
        error.retryAfterMs,
      );
  }
}

function transient(message: string, cause: Error, retryAfterMs?: number): RetryableError {
  return new RetryableError(message, { cause, retryAfterMs, issuedNothing: true });
}

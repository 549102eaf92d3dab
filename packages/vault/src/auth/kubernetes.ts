import { says } from "../vault-answer.ts";
import type { AuthMethod } from "./auth-method.ts";
import type { LoginJwt } from "./login-jwt.ts";
import { authMount } from "./mount-path.ts";

/** What {@link kubernetesAuth} needs. */
export interface KubernetesOptions {
  readonly mount: string;
  readonly role: string;
  readonly jwt: LoginJwt;
}

/** Vault answers the same bare 403 for all of these; the log of the server tells which. */
const bareRefusal =
  "Vault gives no reason. Most likely its TokenReview failed: the API server cannot be reached from Vault, the reviewer's token has expired or lacks system:auth-delegator, or the API server does not accept the token. Vault's log says which.";

/** Kubernetes: a service account's token, which Vault has the API server review. */
export function kubernetesAuth({ mount, role, jwt }: KubernetesOptions): AuthMethod {
  const at = authMount(mount);
  return {
    label: `Kubernetes login at ${at} with role ${role}`,
    path: `${at}/login`,
    credentials: async (signal) => ({ role, jwt: await jwt.get(signal) }),
    hint(answer) {
      if (says(answer, /invalid role name/i))
        return "The role does not exist. Correct it in the issuer's spec.";
      if (says(answer, /audience/i))
        return `The role's audience is not one of the token's. ${jwt.audienceHint}`;
      if (says(answer, /service account name not authorized/i))
        return `The role does not accept this service account. Add it to bound_service_account_names. ${jwt.subjectHint}`;
      if (says(answer, /namespace not authorized/i))
        return `The role does not accept the service account's namespace. Add it to bound_service_account_namespaces. ${jwt.subjectHint}`;
      if (says(answer, /expired/i)) return `The token has expired. ${jwt.renewalHint}`;
      if (says(answer, /could not load backend configuration/i))
        return `The mount ${at} is not configured. Write its config with kubernetes_host.`;
      return `${bareRefusal} Check also that ${at} is the mount's path.`;
    },
  };
}

import { IssuerError } from "@countersign/issuer-signer";
import type { AuthMethod } from "./auth-method.ts";
import { authMount } from "./mount-path.ts";

/** What {@link appRoleAuth} needs. */
export interface AppRoleOptions {
  readonly mount: string;
  readonly roleId: string;
  readonly secretId: string;
}

/**
 * AppRole: a role id and a secret id.
 *
 * @throws IssuerError where one is empty
 */
export function appRoleAuth({ mount, roleId, secretId }: AppRoleOptions): AuthMethod {
  const at = authMount(mount);
  const credentials = { role_id: roleId.trim(), secret_id: secretId.trim() };
  if (credentials.role_id === "" || credentials.secret_id === "")
    throw new IssuerError("The role id or the secret id of the AppRole is empty. Store both.");
  return {
    label: `AppRole login at ${at}`,
    path: `${at}/login`,
    credentials: async () => credentials,
    hint: ({ status }) =>
      status === 400
        ? "The role id or the secret id is wrong, or the secret id has expired or been used up. Store a new secret id."
        : `Check that AppRole is mounted at ${at} and that the secret id may be used from this address.`,
  };
}

/** Who makes a request (authentication.k8s.io UserInfo). */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

/** The group whose members may do everything, whatever RBAC says. */
export const MASTERS_GROUP = "system:masters";

/** Requests without credentials. */
export const ANONYMOUS: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** The user behind a service account. */
export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string | undefined,
  tokenId: string,
): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    ...(uid !== undefined && { uid }),
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": [`JTI=${tokenId}`] },
  };
}

/**
 * The mount of an auth method below `/v1/`, such as `auth/kubernetes`. The built-in issuer wants `/v1/auth/kubernetes`
 * for one method and `approle` for another; here every spelling is taken for every method.
 */
export function authMount(given: string): string {
  const mount = given
    .trim()
    .replace(/^\/+|\/+$/g, "")
    .replace(/^v1\//, "")
    .replace(/^auth\//, "");
  return `auth/${mount}`;
}

import { setUpPki, type VaultPki, writePolicy } from "../../../../test/rigs/vault-pki.ts";
import {
  expectVault,
  type VaultEndpoint,
  type VaultRequestOptions,
  vaultRequest,
  vaultWrite,
} from "../../../../test/rigs/vault-request.ts";

/** For tests: a PKI engine whose ledger is read past the client under test. */
export interface PkiMount extends VaultPki {
  /** How many certificates the mount has issued and stored. */
  count(): Promise<number>;
}

/** Options of {@link mountPki}. */
export interface MountPkiOptions {
  readonly name?: string;
  readonly withoutRoot?: boolean;
  readonly namespace?: string;
}

/** For tests: `setUpPki` with a second role `any` for every name and key, and a policy with the rights of the README. */
export async function mountPki(vault: VaultEndpoint, options: MountPkiOptions = {}): Promise<PkiMount> {
  const { namespace } = options;
  const inNamespace: VaultRequestOptions = namespace === undefined ? {} : { namespace };
  const pki = await setUpPki(vault, options);
  const { mount, role, policy } = pki;
  await vaultWrite(
    vault,
    `${mount}/roles/any`,
    {
      ...{ allow_any_name: true, enforce_hostnames: false, allow_ip_sans: true, allowed_uri_sans: "*" },
      ...{ key_type: "any", require_cn: false, max_ttl: "8760h", allowed_other_sans: "*" },
    },
    inNamespace,
  );
  await writePolicy(vault, policy, issuerPaths(mount, role), inNamespace);
  // An empty list is a 404.
  const list = async () => {
    const { body } = await vaultRequest(vault, "GET", `${mount}/certs?list=true`, undefined, inNamespace);
    return keysOf(body.data).length;
  };
  const before = await list();
  return { ...pki, count: async () => (await list()) - before };
}

/** For tests: the rights that the package's README names. */
export function issuerPaths(mount: string, role: string): Readonly<Record<string, readonly string[]>> {
  return {
    [`${mount}/sign/${role}`]: ["update"],
    [`${mount}/roles/${role}`]: ["read"],
    [`${mount}/certs`]: ["list"],
  };
}

/** For tests: a token with one policy. */
export async function newToken(
  vault: VaultEndpoint,
  policy: string,
  more: object = {},
  options: VaultRequestOptions = {},
): Promise<string> {
  const body = { policies: [policy], ...more };
  const { auth } = await expectVault(vault, "POST", "auth/token/create", body, options);
  return auth?.client_token ?? "";
}

/** For tests: tokens that Vault holds, which a flood of logins would leave behind. */
export async function countTokens(vault: VaultEndpoint): Promise<number> {
  const { data } = await expectVault(vault, "GET", "auth/token/accessors?list=true");
  return keysOf(data).length;
}

function keysOf(data: Readonly<Record<string, unknown>> | null | undefined): readonly unknown[] {
  return Array.isArray(data?.keys) ? data.keys : [];
}

import {
  expectVault,
  type VaultEndpoint,
  type VaultRequestOptions,
  vaultRequest,
  vaultWrite,
} from "../../../../test/rigs/vault-request.ts";

/** A PKI engine with a root and an intermediate that signs. */
export interface PkiMount {
  /** Mount of the intermediate. */
  readonly mount: string;
  /** PEM of the root. */
  readonly rootPem: string;
  /** PEM of the intermediate. */
  readonly intermediatePem: string;
  /** How many certificates the mount has issued and stored: the ledger, independent of the client under test. */
  count(): Promise<number>;
}

/** Options of {@link mountPki}. */
export interface MountPkiOptions {
  /** Name of the mounts: `NAME_root` and `NAME_int`. */
  readonly name: string;
  /** The answer then holds the intermediate only. */
  readonly withoutRoot?: boolean;
  readonly namespace?: string | undefined;
}

/**
 * Mounts two PKI engines, signs the one by the other, and makes the roles `web` (below example.com, at most 72 hours) and
 * `any` (every name and key).
 */
export async function mountPki(
  vault: VaultEndpoint,
  { name, withoutRoot = false, namespace }: MountPkiOptions,
): Promise<PkiMount> {
  const options: VaultRequestOptions = namespace === undefined ? {} : { namespace };
  const write = (path: string, body: object) => vaultWrite(vault, path, body, options);
  const [root, mount] = [`${name}_root`, `${name}_int`];
  await write(`sys/mounts/${root}`, { type: "pki", config: { max_lease_ttl: "87600h" } });
  await write(`sys/mounts/${mount}`, { type: "pki", config: { max_lease_ttl: "43800h" } });
  const { certificate: rootPem } = await write(`${root}/root/generate/internal`, {
    ...{ common_name: "Root", ttl: "87600h", key_type: "ec" },
  });
  const { csr } = await write(`${mount}/intermediate/generate/internal`, {
    ...{ common_name: "Intermediate", key_type: "ec" },
  });
  const { certificate } = await write(`${root}/root/sign-intermediate`, {
    ...{ csr, common_name: "Intermediate", ttl: "43000h" },
  });
  const chain = withoutRoot ? certificate : `${certificate}\n${rootPem}`;
  await write(`${mount}/intermediate/set-signed`, { certificate: chain });
  await write(`${mount}/roles/web`, {
    ...{ allowed_domains: "example.com", allow_subdomains: true, max_ttl: "72h", key_type: "any" },
  });
  await write(`${mount}/roles/any`, {
    ...{ allow_any_name: true, enforce_hostnames: false, allow_ip_sans: true, allowed_uri_sans: "*" },
    ...{ key_type: "any", require_cn: false, max_ttl: "8760h", allowed_other_sans: "*" },
  });
  const list = async () => {
    const { body } = await vaultRequest(vault, "GET", `${mount}/certs?list=true`, undefined, options);
    return keysOf(body.data).length;
  };
  const before = await list();
  return {
    mount,
    rootPem: String(rootPem),
    intermediatePem: String(certificate),
    count: async () => (await list()) - before,
  };
}

/** A policy that lets sign at a path, and look for what was issued, under a name. */
export async function writePolicy(
  vault: VaultEndpoint,
  name: string,
  paths: Readonly<Record<string, readonly string[]>>,
  options: VaultRequestOptions = {},
): Promise<void> {
  const rules = Object.entries(paths).map(
    ([path, capabilities]) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`,
  );
  await expectVault(vault, "PUT", `sys/policies/acl/${name}`, { policy: rules.join("\n") }, options);
}

/** The rights that the package's README names. */
export function issuerPaths(mount: string, role: string): Readonly<Record<string, readonly string[]>> {
  return {
    [`${mount}/sign/${role}`]: ["update"],
    [`${mount}/roles/${role}`]: ["read"],
    [`${mount}/certs`]: ["list"],
  };
}

/** A token with one policy. */
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

/** Tokens that Vault holds: what a flood of logins would leave behind. */
export async function countTokens(vault: VaultEndpoint): Promise<number> {
  const { data } = await expectVault(vault, "GET", "auth/token/accessors?list=true");
  return keysOf(data).length;
}

function keysOf(data: Readonly<Record<string, unknown>> | null | undefined): readonly unknown[] {
  return Array.isArray(data?.keys) ? data.keys : [];
}

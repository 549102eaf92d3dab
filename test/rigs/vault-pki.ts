import { expectVault, type VaultEndpoint, type VaultRequestOptions, vaultWrite } from "./vault-request.ts";

/** Options of {@link setUpPki}. */
export interface PkiOptions {
  /** Beginning of the names: mounts `NAME_root` and `NAME_int`, policy `NAME`. `pki` unless given. */
  readonly name?: string;
  /** Domain of the role; `example.com` unless given. */
  readonly domain?: string;
  /**
   * Install the intermediate without its root: the answers' `ca_chain` then ends with the intermediate, as in the many
   * installations that were set up so.
   */
  readonly withoutRoot?: boolean;
  readonly namespace?: string;
}

/** A root, an intermediate that signs by a role, and the policy that allows just that. */
export interface VaultPki {
  readonly rootMount: string;
  readonly mount: string;
  readonly role: string;
  /** `MOUNT/sign/ROLE`. */
  readonly signPath: string;
  /** Name of the policy; it allows `signPath` and nothing else. */
  readonly policy: string;
  readonly rootPem: string;
  readonly intermediatePem: string;
}

/** Sets up a PKI: two mounts, the role `web` for names below the domain (72 h, any key type), the policy. */
export async function setUpPki(vault: VaultEndpoint, options: PkiOptions = {}): Promise<VaultPki> {
  const { name = "pki", domain = "example.com", withoutRoot = false } = options;
  const inNamespace = options.namespace === undefined ? {} : { namespace: options.namespace };
  const [rootMount, mount, role] = [`${name}_root`, `${name}_int`, "web"];
  await mountPki(vault, rootMount, "87600h", inNamespace);
  await mountPki(vault, mount, "43800h", inNamespace);
  const rootPem = await generateRoot(vault, rootMount, inNamespace);
  const intermediatePem = await signIntermediate(vault, { rootMount, mount, withoutRoot }, inNamespace);
  const rules = { allowed_domains: domain, allow_subdomains: true, max_ttl: "72h" };
  // The default key type is rsa: every ECDSA request would be refused.
  const names = { key_type: "any", require_cn: false };
  await vaultWrite(vault, `${mount}/roles/${role}`, { ...rules, ...names }, inNamespace);
  const signPath = `${mount}/sign/${role}`;
  await writePolicy(vault, name, { [signPath]: ["update"] }, inNamespace);
  return { rootMount, mount, role, signPath, policy: name, rootPem, intermediatePem };
}

/** Mounts a PKI engine whose certificates may be valid for so long. */
export async function mountPki(
  vault: VaultEndpoint,
  mount: string,
  maxTtl: string,
  options?: VaultRequestOptions,
): Promise<void> {
  await vaultWrite(vault, `sys/mounts/${mount}`, { type: "pki", config: { max_lease_ttl: maxTtl } }, options);
}

/** Makes a root in the mount; resolves to its PEM. */
export async function generateRoot(
  vault: VaultEndpoint,
  mount: string,
  options?: VaultRequestOptions,
): Promise<string> {
  const root = { common_name: "Rig Root", key_type: "ec", ttl: "87600h" };
  const { certificate } = await vaultWrite(vault, `${mount}/root/generate/internal`, root, options);
  return String(certificate);
}

/** Makes an intermediate in `mount`, signed by `rootMount`; resolves to its PEM. */
export async function signIntermediate(
  vault: VaultEndpoint,
  place: { readonly rootMount: string; readonly mount: string; readonly withoutRoot: boolean },
  options?: VaultRequestOptions,
): Promise<string> {
  const { rootMount, mount, withoutRoot } = place;
  const common_name = "Rig Intermediate";
  const request = { common_name, key_type: "ec" };
  const { csr } = await vaultWrite(vault, `${mount}/intermediate/generate/internal`, request, options);
  const signing = { csr, common_name, ttl: "43000h", format: "pem_bundle" };
  const signed = await vaultWrite(vault, `${rootMount}/root/sign-intermediate`, signing, options);
  const bundle = String(signed.certificate);
  const pem = bundle.slice(0, bundle.indexOf("-----END CERTIFICATE-----") + 25);
  const certificate = withoutRoot ? pem : bundle;
  await vaultWrite(vault, `${mount}/intermediate/set-signed`, { certificate }, options);
  return pem;
}

/** Writes a policy: capabilities by path. */
export async function writePolicy(
  vault: VaultEndpoint,
  name: string,
  rules: Readonly<Record<string, readonly string[]>>,
  options?: VaultRequestOptions,
): Promise<void> {
  const path = Object.fromEntries(
    Object.entries(rules).map(([key, capabilities]) => [key, { capabilities }]),
  );
  const policy = JSON.stringify({ path });
  await expectVault(vault, "PUT", `sys/policies/acl/${name}`, { policy }, options);
}

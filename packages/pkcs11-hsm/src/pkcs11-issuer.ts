import { type ConfigMapKeyRef, CredentialGuard, type SecretRefs } from "@countersign/issuer-signer";
import { type IssuerFragment, issuerFragment } from "@countersign/issuer-signer/spec";
import { connectPkcs11 } from "./connect-pkcs11.ts";
import type { HsmFault } from "./hsm-fault.ts";
import { configMapRefs, secretRefs } from "./key-refs.ts";
import type { Pkcs11IssuerOptions } from "./pkcs11-issuer-options.ts";
import { pkcs11Spec } from "./spec.ts";

/** The fragment that {@link pkcs11Issuer} makes. */
export type Pkcs11IssuerFragment = IssuerFragment<
  typeof pkcs11Spec,
  SecretRefs,
  { readonly certificate: ConfigMapKeyRef | undefined }
>;

/**
 * An issuer whose CA key is in a PKCS#11 token, without the names of its kinds. What may be loaded into the process is the
 * operator's to say, so it is an option here and no field of `spec`.
 *
 * ```ts
 * const hsm = defineIssuer({
 *   group, version: "v1alpha1", kinds: { cluster: "HSMClusterIssuer" },
 *   ...pkcs11Issuer({ modules: [{ path: "/usr/lib/softhsm/libsofthsm2.so" }] }),
 * });
 * ```
 *
 * @throws TypeError that names the option, what is expected and what was given
 */
export function pkcs11Issuer(options: Pkcs11IssuerOptions): Pkcs11IssuerFragment {
  for (const { path } of options.modules)
    if (!path.startsWith("/"))
      throw new TypeError(`Expected \`modules[].path\` to be an absolute path, got \`${path}\``);
  const pinGuard = new CredentialGuard<HsmFault>();
  return issuerFragment({
    spec: pkcs11Spec,
    secrets: secretRefs,
    configMaps: configMapRefs,
    connect: (context) => connectPkcs11(context, options, pinGuard),
  });
}

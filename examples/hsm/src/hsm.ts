import { defineIssuer } from "@countersign/issuer-core";
import { type Pkcs11IssuerOptions, pkcs11Issuer } from "@countersign/issuer-pkcs11-hsm";

/** An issuer whose CA key is in a PKCS#11 HSM. The modules that may be loaded are the operator's to name. */
export function hsmIssuer(options: Pkcs11IssuerOptions) {
  return defineIssuer({
    group: "hsm.countersign.dev",
    version: "v1alpha1",
    kinds: { namespaced: "HSMIssuer", cluster: "HSMClusterIssuer" },
    ...pkcs11Issuer(options),
  });
}

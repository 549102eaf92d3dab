/**
 * A CA key in a PKCS#11 HSM, for cert-manager issuers: the module in a process of its own, every signature verified.
 *
 * @module
 */
export { HsmFault, type HsmFaultKind } from "./hsm-fault.ts";
export { HsmKey, type HsmKeyOptions, type HsmKeyRef, hsmKeyDefaults } from "./hsm-key.ts";
export type { HsmTokenOptions, HsmTokenState } from "./hsm-token.ts";
export { type Pkcs11IssuerFragment, pkcs11Issuer } from "./pkcs11-issuer.ts";
export type { OperatorPin, Pkcs11IssuerOptions, Pkcs11ModuleOptions } from "./pkcs11-issuer-options.ts";
export { Pkcs11Signer, type Pkcs11SignerOptions } from "./pkcs11-signer.ts";
export { type Pkcs11Uri, parsePkcs11Uri } from "./pkcs11-uri.ts";
export type { OpenedKey, TokenSelector } from "./protocol.ts";
export { type Pkcs11Spec, pkcs11Spec } from "./spec.ts";

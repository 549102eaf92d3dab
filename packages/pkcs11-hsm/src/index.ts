/**
 * A CA key in a PKCS#11 HSM, for cert-manager issuers: the module in a process of its own, every signature verified.
 *
 * @module
 */
export { HsmFault, type HsmFaultKind } from "./hsm-fault.ts";
export { HsmKey, type HsmKeyOptions, type HsmKeyRef, hsmKeyDefaults } from "./hsm-key.ts";
export type { HsmTokenOptions, HsmTokenState } from "./hsm-token.ts";
export { PinGuard } from "./pin-guard.ts";
export type { OpenedKey, TokenSelector } from "./protocol.ts";

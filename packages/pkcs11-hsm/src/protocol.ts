import type { SignatureAlgorithm } from "@countersign/issuer-signer";
import type { HsmFaultKind } from "./hsm-fault.ts";

/** Which token: all that is given must agree. */
export interface TokenSelector {
  readonly label?: string | undefined;
  readonly serial?: string | undefined;
  readonly model?: string | undefined;
}

/** Which private key on the token: all that is given must agree. */
export interface KeySelector {
  /** CKA_ID as lower-case hexadecimal. */
  readonly idHex?: string | undefined;
  readonly label?: string | undefined;
  /** SubjectPublicKeyInfo that the key must have. */
  readonly spki?: Uint8Array | undefined;
}

/** What the process of a module is told once, before anything else. */
export interface OpenRequest {
  readonly modulePath: string;
  /** For C_Initialize, as NSS softokn wants them. */
  readonly moduleParameters: string | undefined;
  readonly token: TokenSelector;
  readonly key: KeySelector;
  readonly pin: string | undefined;
  /** What to sign with; found from the token's public key where it is not known beforehand. */
  readonly algorithm: SignatureAlgorithm | undefined;
  /** RSA keys: make RSA-PSS signatures. */
  readonly pss: boolean;
  /** Most sessions that sign at the same time. */
  readonly sessions: number;
}

/** The opened key. */
export interface OpenedKey {
  readonly spki: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  /** What a call of `sign` must carry: the hash of the message, or the message itself. */
  readonly input: "digest" | "message";
  readonly token: { readonly label: string; readonly serial: string; readonly model: string };
  readonly keyLabel: string;
  readonly keyIdHex: string;
  readonly alwaysAuthenticate: boolean;
}

/** Signs a hash or a message, as {@link OpenedKey.input} says. */
export interface SignCall {
  readonly kind: "sign";
  readonly input: Uint8Array;
}

/** What the issuer may ask the module's process. */
export type ModuleCall =
  | { readonly kind: "open"; readonly request: OpenRequest }
  | SignCall
  | { readonly kind: "check" }
  | { readonly kind: "close" };

/** The answer to each kind of call. */
export interface ModuleAnswers {
  readonly open: OpenedKey;
  /** ECDSA as r‖s, the others as they stand in a certificate. */
  readonly sign: Uint8Array;
  readonly check: undefined;
  readonly close: undefined;
}

/** One call on its way to the module's process. */
export type CallMessage = { readonly id: number } & ModuleCall;

/** One answer on its way back. */
export type AnswerMessage =
  | { readonly id: number; readonly ok: true; readonly value: ModuleAnswers[keyof ModuleAnswers] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly fault: {
        readonly kind: HsmFaultKind;
        readonly message: string;
        readonly returnValue: number | undefined;
      };
    };

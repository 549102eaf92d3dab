import type { IssuerIdentity } from "@countersign/issuer-signer";
import type { HsmTokenState } from "./hsm-token.ts";

/** A PKCS#11 module that issuers may use. */
export interface Pkcs11ModuleOptions {
  /** Absolute path of the shared library: what `modulePath` in a spec is compared with. */
  readonly path: string;
  /** For C_Initialize, as NSS softokn wants them. */
  readonly parameters?: string | undefined;
  /** Environment of its processes, where modules find their configuration; this process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** A PIN that the operator keeps: the text of a file, read when an issuer is connected, or the PIN itself. */
export type OperatorPin = { readonly file: string } | { readonly value: string };

/** What an operator decides for every issuer with a key in a token. */
export interface Pkcs11IssuerOptions {
  /** The modules that may be loaded. A spec names one of these paths, or none where there is one only. */
  readonly modules: readonly Pkcs11ModuleOptions[];
  /** PINs by the name that `operatorPin` in the spec of a cluster issuer gives. */
  readonly pins?: Readonly<Record<string, OperatorPin>> | undefined;
  /** Longest wait for one answer of a module, in milliseconds: then its process is killed. Default 10,000. */
  readonly callTimeoutMs?: number | undefined;
  /** How long a signature waits for tokens that are away, in milliseconds. Default 5,000. */
  readonly patienceMs?: number | undefined;
  /** Told when a token of an issuer comes or goes. */
  readonly onTokenState?: ((state: HsmTokenState, issuer: IssuerIdentity) => void) | undefined;
  /** Time in milliseconds since the epoch; the system's unless given. */
  readonly clock?: (() => number) | undefined;
}

import { EventEmitter } from "node:events";
import type { Anomaly } from "./anomaly.ts";

/** A Certificate or CertificateRequest that an event speaks of. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
}

/** What the stand-in tells its listeners. */
export interface CertManagerEvents {
  /** A CertificateRequest was created for a Certificate. */
  requested: [request: Subject & { readonly certificate: string; readonly revision: number }];
  /** A CertificateRequest was approved. */
  approved: [request: Subject];
  /** A CertificateRequest was denied. */
  denied: [request: Subject & { readonly message: string }];
  /** A Certificate's Secret was written. */
  issued: [certificate: Subject & { readonly revision: number }];
  /** An issuance of a Certificate failed; `attempts` counts the failures in a row. */
  failed: [
    certificate: Subject & { readonly reason: string; readonly message: string; readonly attempts: number },
  ];
  /** An issuer broke the contract. Reported once per request and code. */
  anomaly: [anomaly: Anomaly];
  /** A call failed or the stand-in could not go on; it tries again. Write conflicts are not reported. */
  trouble: [trouble: { readonly during: string; readonly error: unknown }];
}

/** The emitter behind {@link CertManagerEvents}. */
export type CertManagerEmitter = EventEmitter<CertManagerEvents>;

/** Makes an emitter without listeners. */
export function certManagerEmitter(): CertManagerEmitter {
  return new EventEmitter<CertManagerEvents>();
}

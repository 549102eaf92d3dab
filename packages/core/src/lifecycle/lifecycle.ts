import { EventEmitter } from "eventemitter3";

/** Which request a step belongs to. */
export interface RequestRef {
  readonly kind: "CertificateRequest" | "CertificateSigningRequest";
  /** Empty for cluster-scoped requests. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Which issuer object a step belongs to. */
export interface IssuerRef {
  readonly group: string;
  readonly kind: string;
  /** Empty for cluster-scoped issuers. */
  readonly namespace: string;
  readonly name: string;
}

/** One step of a request's way. */
export interface RequestStep {
  readonly request: RequestRef;
  readonly issuer: IssuerRef;
}

/** The step with the text that people see in the condition. */
export interface RequestWritten extends RequestStep {
  /** Type of the Kubernetes event. */
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** The PKI's certificate has passed verification. */
export interface RequestSigned extends RequestStep {
  readonly attemptId: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** Time spent in the signer, in milliseconds. */
  readonly signMs: number;
  /** How the certificate differs from what was requested; empty when it does not. */
  readonly mismatches: readonly string[];
}

/** An issuer object was looked at, and its Ready condition decided anew. */
export interface IssuerChecked {
  /** Whether the condition says something else than before. */
  readonly changed: boolean;
  readonly issuer: IssuerRef;
  readonly uid: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Trouble of the machinery itself, such as a watch that the API server refuses. */
export interface Trouble {
  readonly where: string;
  readonly error: unknown;
}

/** Every step that can be listened to. */
export interface LifecycleEvents {
  "request:signing": [RequestStep & { readonly attemptId: string }];
  "request:signed": [RequestSigned];
  "request:issued": [RequestWritten];
  "request:pending": [RequestWritten];
  "request:waiting": [RequestWritten];
  "request:retrying": [RequestWritten];
  "request:failed": [RequestWritten];
  "request:denied": [RequestWritten];
  /** The PKI is asked again although it may have issued already; nobody can tell. */
  "request:possibleDuplicate": [RequestWritten];
  "issuer:checked": [IssuerChecked];
  trouble: [Trouble];
}

/** The typed emitter under events, logs, metrics and users' own hooks. */
export class Lifecycle extends EventEmitter<LifecycleEvents> {
  /** Emits, and turns what a listener throws into `trouble`: a hook must never stop a request on its way. */
  announce<Name extends keyof LifecycleEvents>(name: Name, payload: LifecycleEvents[Name][0]): void {
    try {
      // The emitter's own signature cannot relate a generic name to its payload; LifecycleEvents does, at every call.
      (this.emit as (name: Name, payload: LifecycleEvents[Name][0]) => boolean).call(this, name, payload);
    } catch (error) {
      if (name !== "trouble") this.announce("trouble", { where: `a listener of ${name}`, error });
    }
  }
}

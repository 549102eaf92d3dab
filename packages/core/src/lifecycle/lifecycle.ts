import type { Requester, SignerErrorCode, SignRequest } from "@countersign/issuer-signer";
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

/** What the approvers decided. */
export interface Approval {
  readonly approved: boolean;
  /** As the approver wrote it, such as `cert-manager.io` or `policy.cert-manager.io`. */
  readonly reason: string;
  readonly message: string;
}

/** One step of a request's way. */
export interface RequestStep {
  readonly request: RequestRef;
  readonly issuer: IssuerRef;
  /** Number of this look at the request: the same for all its steps, unique in this process for the request. */
  readonly reconcile: number;
  /** Who created the request, as the API server authenticated them. */
  readonly requester: Requester;
  /** Undefined while nobody has decided. */
  readonly approval: Approval | undefined;
}

/** The signer is about to be called. */
export interface RequestSigning extends RequestStep {
  readonly attemptId: string;
  /** What is asked of it, the parsed CSR included. */
  readonly signRequest: SignRequest;
}

/** A call of the signer has ended, verification included. */
export interface RequestAnswered extends RequestStep {
  readonly attemptId: string;
  /** Duration of the call in milliseconds. */
  readonly ms: number;
  readonly outcome: "issued" | "pending" | "error";
  /** Of an error. `BAD_CERTIFICATE`: the PKI's answer was refused. */
  readonly code: SignerErrorCode | undefined;
  /** Of an error, for people; one line. */
  readonly message: string | undefined;
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
  /** End of the leaf's validity, in milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** Earliest end of validity among the CAs of the chain, in milliseconds since the epoch; undefined for a lone leaf. */
  readonly caNotAfterMs: number | undefined;
  /** How the certificate differs from what was requested; empty when it does not. */
  readonly mismatches: readonly string[];
}

/** A request was deleted after the PKI had been called for it; what became of the call is nobody's any more. */
export interface RequestAbandoned extends RequestStep {
  /** For people; one line. */
  readonly message: string;
}

/** The certificate of an identical request is used again. */
export interface RequestReused extends RequestWritten {
  readonly attemptId: string;
  readonly signRequest: SignRequest;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** End of the leaf's validity, in milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** An issuer object exists, or exists no more. */
export interface IssuerSeen {
  readonly issuer: IssuerRef;
  readonly uid: string;
}

/** An issuer object was looked at, and its Ready condition decided anew. */
export interface IssuerChecked {
  /** Whether the condition says something else than before. */
  readonly changed: boolean;
  readonly issuer: IssuerRef;
  readonly uid: string;
  /** Number of this look at the issuer, unique in this process for the issuer. */
  readonly reconcile: number;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

/** An issuer's signer has put renewed credentials into its Secrets. */
export interface IssuerSaved {
  readonly issuer: IssuerRef;
  /** Which of the issuer's credentials; never their values. */
  readonly credentials: readonly string[];
}

/** One HTTP exchange with a PKI has ended. */
export interface PkiExchanged {
  readonly issuer: IssuerRef;
  readonly method: string;
  /** Host and port. */
  readonly host: string;
  /** In milliseconds. */
  readonly ms: number;
  /** The HTTP status, or a word for what went wrong in place of an answer. */
  readonly code: number | string;
}

/** The circuit breaker of a PKI endpoint has changed its state, or the endpoint is used no more. */
export interface PkiCircuit {
  readonly issuer: IssuerRef;
  /** Host and port. */
  readonly endpoint: string;
  /** Undefined when the endpoint is used no more. */
  readonly state: "closed" | "half-open" | "open" | undefined;
}

/** A credential of an issuer has a known end, or is used no more. */
export interface PkiCredential {
  readonly issuer: IssuerRef;
  /** Which of the issuer's credentials, such as the key of its Secret; never its value. */
  readonly credential: string;
  /** In milliseconds since the epoch; undefined when the credential is used no more. */
  readonly expiresMs: number | undefined;
}

/** This process has become the one that signs. */
export interface LeaderAcquired {
  /** Namespace and name of the Lease. */
  readonly lease: string;
  readonly identity: string;
  /** How often the lease has changed hands. */
  readonly transitions: number;
}

/** This process signs no more; its running calls are aborted. */
export interface LeaderLost {
  /** Namespace and name of the Lease. */
  readonly lease: string;
  readonly identity: string;
  /** For people; one line. */
  readonly reason: string;
}

/** Trouble of the machinery itself, such as a watch that the API server refuses. */
export interface Trouble {
  readonly where: string;
  readonly error: unknown;
}

/** Every step that can be listened to. */
export interface LifecycleEvents {
  "request:signing": [RequestSigning];
  "request:answered": [RequestAnswered];
  "request:signed": [RequestSigned];
  "request:issued": [RequestWritten];
  "request:pending": [RequestWritten];
  "request:waiting": [RequestWritten];
  "request:retrying": [RequestWritten];
  "request:failed": [RequestWritten];
  "request:denied": [RequestWritten];
  /** In place of a call of the signer, the certificate of an identical request is issued again. */
  "request:reused": [RequestReused];
  /** The certificate that was issued differs from the request; comes after `request:issued`. */
  "request:differs": [RequestWritten];
  /** The PKI is asked again although it may have issued already; nobody can tell. */
  "request:possibleDuplicate": [RequestWritten];
  "request:abandoned": [RequestAbandoned];
  "issuer:added": [IssuerSeen];
  "issuer:checked": [IssuerChecked];
  "issuer:removed": [IssuerSeen];
  "issuer:saved": [IssuerSaved];
  "pki:exchanged": [PkiExchanged];
  "pki:circuit": [PkiCircuit];
  "pki:credential": [PkiCredential];
  "leader:acquired": [LeaderAcquired];
  "leader:lost": [LeaderLost];
  /** Lines of the audit log that could not be written. */
  "audit:lost": [{ readonly lines: number }];
  trouble: [Trouble];
}

type EventName = keyof LifecycleEvents;
type Listener<Name extends EventName> = EventEmitter.EventListener<LifecycleEvents, Name>;
type AnyListener = (payload: unknown) => unknown;

/**
 * The typed emitter under events, logs, metrics and users' own hooks. What a listener throws, or rejects with, becomes
 * `trouble`: a hook must neither stop a request on its way nor keep the news from the listeners after it.
 */
export class Lifecycle extends EventEmitter<LifecycleEvents> {
  /** What is registered in place of each listener, by event, so that `off` finds it. */
  readonly #guards = new Map<EventName, WeakMap<AnyListener, AnyListener>>();

  override on<Name extends EventName>(name: Name, listener: Listener<Name>, context?: unknown): this {
    return super.on(name, this.#guarded(name, listener), context ?? this);
  }

  override once<Name extends EventName>(name: Name, listener: Listener<Name>, context?: unknown): this {
    return super.once(name, this.#guarded(name, listener), context ?? this);
  }

  override off<Name extends EventName>(
    name: Name,
    listener?: Listener<Name>,
    context?: unknown,
    once?: boolean,
  ): this {
    const guard = listener && this.#guards.get(name)?.get(listener as AnyListener);
    return super.off(name, (guard as Listener<Name> | undefined) ?? listener, context, once);
  }

  /** Tells every listener. */
  announce<Name extends EventName>(name: Name, payload: LifecycleEvents[Name][0]): void {
    // The emitter's own signature cannot relate a generic name to its payload; LifecycleEvents does, at every call.
    (this.emit as (name: Name, payload: LifecycleEvents[Name][0]) => boolean).call(this, name, payload);
  }

  #guarded<Name extends EventName>(name: Name, listener: Listener<Name>): Listener<Name> {
    // A listener takes the one payload of its event, which is all that a guard passes on.
    const original = listener as AnyListener;
    let guards = this.#guards.get(name);
    if (guards === undefined) {
      guards = new WeakMap();
      this.#guards.set(name, guards);
    }
    let guard = guards.get(original);
    if (guard === undefined) {
      const report = (error: unknown) => this.#report(name, error);
      guard = function (this: unknown, payload: unknown) {
        try {
          const result = original.call(this, payload);
          if (result instanceof Promise) result.catch(report);
        } catch (error) {
          report(error);
        }
      };
      guards.set(original, guard);
    }
    return guard as Listener<Name>;
  }

  #report(name: EventName, error: unknown): void {
    // A listener of `trouble` that throws has nobody left to tell.
    if (name !== "trouble") this.announce("trouble", { where: `a listener of ${name}`, error });
  }
}

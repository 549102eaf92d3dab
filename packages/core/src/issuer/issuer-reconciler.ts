import { isPermanent, signerErrorCode } from "@countersign/issuer-signer";
import type { IssuerKind } from "../definition/define-issuer.ts";
import { isOlder } from "../kube/is-older.ts";
import type { IssuerObject, Secret } from "../kube/types.ts";
import { errorText } from "../request/conclude.ts";
import { type IssuerVerdict, issuerStatus } from "./issuer-condition.ts";
import type { IssuerConnection } from "./issuer-connection.ts";
import {
  bounded,
  IssuerConnections,
  type IssuerConnectionsOptions,
  type ReferencePorts,
} from "./issuer-connections.ts";

/** How the reconciler reaches the cluster; core implements it, tests may fake it. */
export interface IssuerPorts extends ReferencePorts {
  issuer(kind: IssuerKind, namespace: string, name: string): IssuerObject | undefined;
  /** Whether the issuer is to be left alone. @throws what a hook throws: then nothing is written either */
  ignores(issuer: IssuerObject, signal: AbortSignal): Promise<boolean>;
  /** Resolves to the issuer after the write, or undefined when it is gone. */
  applyStatus(
    kind: IssuerKind,
    issuer: IssuerObject,
    status: object,
    signal: AbortSignal,
  ): Promise<IssuerObject | undefined>;
}

/** Options of {@link IssuerReconciler}. */
export interface IssuerReconcilerOptions extends IssuerConnectionsOptions {
  readonly ports: IssuerPorts;
  readonly clock: () => number;
}

/** What the queue does after one look at an issuer. */
export type IssuerNext =
  /** Look again at the next periodic check. */
  | "settled"
  /** Look again with back-off. */
  | "retry"
  /** Look again only when the spec, a Secret or a ConfigMap changes. */
  | "stuck"
  /** Look again when the object changes: until then it is left alone. */
  | "ignored"
  /** The object is gone. */
  | "gone";

/** Keeps one connected signer per issuer object and its Ready condition true to it. */
export class IssuerReconciler {
  readonly #options: IssuerReconcilerOptions;
  readonly #connections: IssuerConnections;
  /** Faults that `sign` found, by issuer: consumed by the next look at the issuer. */
  readonly #reported = new Map<string, { readonly error: unknown; readonly connection: IssuerConnection }>();
  /** Issuers after the last write of this process, while the cache may be behind it. */
  readonly #written = new Map<string, IssuerObject>();
  #looks = 0;

  constructor(options: IssuerReconcilerOptions) {
    this.#options = options;
    this.#connections = new IssuerConnections(options);
  }

  /** The connection of the issuer, if it is connected at this generation of its spec. */
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined {
    return this.#connections.get(key, issuer);
  }

  /** Tells that a call of this connection's signer failed through the issuer's fault. */
  report(key: string, error: unknown, connection: IssuerConnection): void {
    this.#reported.set(key, { error, connection });
  }

  /** Whether the issuer's signer has saved what is new in this Secret itself, if anything is. */
  knows(key: string, secret: Secret): boolean {
    return this.#connections.knows(key, secret);
  }

  /** Looks at one issuer: connects if needed, checks, writes the Ready condition if it changes. */
  async reconcile(
    key: string,
    kind: IssuerKind,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<IssuerNext> {
    const { ports, definition, lifecycle, clock } = this.#options;
    const issuer = ports.issuer(kind, namespace, name);
    const gone = issuer === undefined || issuer.metadata.deletionTimestamp !== undefined;
    if (gone || (await ports.ignores(issuer, signal))) {
      this.#reported.delete(key);
      this.#written.delete(key);
      await this.#connections.release(key, namespace);
      return gone ? "gone" : "ignored";
    }
    this.#looks += 1;
    const reconcile = this.#looks;
    const { verdict, next } = await this.#look(key, kind, issuer, signal);
    if (signal.aborted) return "retry";
    const status = issuerStatus(this.#newest(key, issuer), verdict, clock());
    if (status !== undefined) {
      const written = await ports.applyStatus(kind, issuer, status, signal);
      if (written !== undefined) this.#written.set(key, written);
    }
    lifecycle.announce("issuer:checked", {
      issuer: { group: definition.group, kind: kind.kind, namespace, name },
      uid: issuer.metadata.uid,
      reconcile,
      changed: status !== undefined,
      ready: verdict.status === "True",
      reason: verdict.reason,
      message: verdict.message,
    });
    return next;
  }

  /** A cache that is behind would have a condition that must be written taken for one that is there already. */
  #newest(key: string, issuer: IssuerObject): IssuerObject {
    const written = this.#written.get(key);
    if (written?.metadata.uid !== issuer.metadata.uid || !isOlder(issuer, written)) {
      this.#written.delete(key);
      return issuer;
    }
    // The verdict is about the spec that the cache has.
    return written.status === undefined ? issuer : { ...issuer, status: written.status };
  }

  /** Retires every connection; resolves when the last running call has ended and all are closed. */
  stop(): Promise<void> {
    return this.#connections.stop();
  }

  async #look(key: string, kind: IssuerKind, issuer: IssuerObject, signal: AbortSignal) {
    const reported = this.#reported.get(key);
    this.#reported.delete(key);
    try {
      const connection = await this.#connections.connect(key, kind, issuer, signal);
      // A fault that `sign` met is believed before a check that may not see it, and only once: the next look checks anew.
      // It says nothing of a later connection: a call with the old token fails while the new one is in use already.
      if (reported?.connection === connection) throw reported.error;
      await connection.use((signer) =>
        bounded("check", this.#options.checkTimeoutMs, signal, (bound) => signer.check({ signal: bound })),
      );
      const verdict: IssuerVerdict = {
        status: "True",
        reason: "Checked",
        message: "Succeeded checking the issuer",
      };
      return { verdict, next: "settled" as const };
    } catch (error) {
      const permanent = isPermanent(signerErrorCode(error));
      const verdict: IssuerVerdict = permanent
        ? { status: "False", reason: "Failed", message: `Failed permanently: ${errorText(error)}` }
        : { status: "False", reason: "Pending", message: `Not ready yet: ${errorText(error)}` };
      return { verdict, next: permanent ? ("stuck" as const) : ("retry" as const) };
    }
  }
}

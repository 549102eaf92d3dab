import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { CertificateRequest, IssuerObject, ResourceType } from "../kube/types.ts";
import { soleLeader } from "../leader/leadership.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { noTrace } from "../observe/tracing.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { IssuerSlots } from "../request/issuer-slots.ts";
import { condition } from "../request/request-fixtures.ts";
import { MemoryApi, type MemoryApiFault } from "./memory-api-fixture.ts";
import { certificateRequests, issuerResource } from "./resource-types.ts";
import { type ServedDefinition, serveDefinition } from "./serve-definition.ts";
import { type Issuable, type PkiMode, type SignerKind, SimulatedPki } from "./simulated-pki-fixture.ts";

/** What people, networks and PKIs do in a simulated world. */
export type WorldAction =
  | { readonly do: "create"; readonly name: string; readonly issuer: string }
  | { readonly do: "delete"; readonly name: string }
  | { readonly do: "mode"; readonly issuer: string; readonly mode: PkiMode }
  /** `touch`: a changed annotation. `respec`: a changed spec. */
  | { readonly do: "touch" | "respec" | "remove" | "restore"; readonly issuer: string }
  /** So many of all calls of the API server fail. */
  | { readonly do: "faults"; readonly share: number }
  /** Every watch breaks. */
  | { readonly do: "cut" }
  | { readonly do: "delay"; readonly watchMs: number; readonly callMs: number };

const faults: readonly MemoryApiFault[] = ["conflict", "throttled", "unavailable", "reset", "loseAnswer"];
const group = "acme.example.com";
const limits = Object.freeze({ maxConcurrentSigns: 3, maxConcurrentSignsPerIssuer: 2 });
const timeoutMs = 5_000;

/** One process of an issuer, its API server and its PKIs, all in this process and on fake timers. */
export class SimulatedWorld {
  readonly #api = new MemoryApi();
  readonly #issuables: ReadonlyMap<string, Issuable>;
  readonly #random: () => number;
  readonly #type: ResourceType;
  readonly #served: ServedDefinition;
  readonly #issuers: readonly string[];
  #revision = 1;
  readonly pki: SimulatedPki;
  /** The uids of requests of which a possible duplicate was reported. */
  readonly doubted = new Set<string>();

  constructor(options: {
    readonly signer: SignerKind;
    readonly issuers: readonly string[];
    readonly issuables: ReadonlyMap<string, Issuable>;
    readonly random: () => number;
  }) {
    this.#issuables = options.issuables;
    this.#random = options.random;
    this.#issuers = options.issuers;
    this.pki = new SimulatedPki(options.signer, options.issuables, options.random);
    const definition = defineIssuer({
      group,
      version: "v1",
      kinds: { namespaced: "AcmeIssuer" },
      spec: z.object({ revision: z.number() }),
      operation: z.object({ id: z.string() }),
      connect: ({ issuer }) => this.pki.signer(issuer.name),
    });
    const [kind] = definition.kinds;
    if (kind === undefined) throw new Error("there should be a kind");
    this.#type = issuerResource(definition, kind);
    for (const issuer of this.#issuers) this.#putIssuer(issuer);
    const lifecycle = new Lifecycle();
    lifecycle.on("request:possibleDuplicate", ({ request }) => void this.doubted.add(request.uid));
    const slots = new IssuerSlots({
      maxConcurrent: limits.maxConcurrentSigns,
      maxConcurrentPerIssuer: limits.maxConcurrentSignsPerIssuer,
      maxPerSecondPerIssuer: Number.POSITIVE_INFINITY,
      scheduler: systemScheduler,
    });
    this.#served = serveDefinition(
      definition,
      {
        transport: this.#api.transport,
        lifecycle,
        userAgent: "test",
        leadership: soleLeader(),
        slots,
        trace: noTrace,
      },
      {
        ...limits,
        clusterResourceNamespace: "countersign",
        kubernetesSigningRequests: false,
        signTimeoutMs: timeoutMs,
        checkTimeoutMs: timeoutMs,
        drainMs: 1_000,
      },
    );
  }

  /** The requests that are not issued, and what their conditions say. */
  get open(): readonly string[] {
    return this.#api.list<CertificateRequest>(certificateRequests).flatMap(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.status === "True" ? [] : [`${metadata.name}: ${ready?.message}`];
    });
  }

  apply(action: WorldAction): void {
    const api = this.#api;
    switch (action.do) {
      case "create":
        if (api.get(certificateRequests, `team/${action.name}`) === undefined) this.#putRequest(action);
        break;
      case "delete":
        api.delete(certificateRequests, `team/${action.name}`);
        break;
      case "mode":
        this.pki.modes.set(action.issuer, action.mode);
        break;
      case "touch":
        if (this.#has(action.issuer)) this.#putIssuer(action.issuer, String(Date.now()));
        break;
      case "respec":
        this.#revision += 1;
        if (this.#has(action.issuer)) this.#putIssuer(action.issuer);
        break;
      case "remove":
        api.delete(this.#type, `team/${action.issuer}`);
        break;
      case "restore":
        this.#putIssuer(action.issuer);
        break;
      case "faults":
        api.fault = () =>
          this.#random() < action.share ? faults[Math.floor(this.#random() * faults.length)] : undefined;
        break;
      case "cut":
        api.cut();
        break;
      case "delay":
        api.watchMs = action.watchMs;
        api.callMs = () => this.#random() * action.callMs;
    }
  }

  /** From now on everything works, and every issuer is there. */
  calmDown(): void {
    this.pki.modes.clear();
    this.apply({ do: "faults", share: 0 });
    this.apply({ do: "delay", watchMs: 0, callMs: 0 });
    for (const issuer of this.#issuers) if (!this.#has(issuer)) this.#putIssuer(issuer);
  }

  stop(): Promise<void> {
    return this.#served.stop();
  }

  #has(issuer: string): boolean {
    return this.#api.get<IssuerObject>(this.#type, `team/${issuer}`) !== undefined;
  }

  #putIssuer(name: string, touched?: string): void {
    this.#api.put(this.#type, {
      apiVersion: `${group}/v1`,
      kind: this.#type.kind,
      metadata: { namespace: "team", name, ...(touched !== undefined && { annotations: { touched } }) },
      spec: { revision: this.#revision },
    });
  }

  #putRequest({ name, issuer }: { readonly name: string; readonly issuer: string }): void {
    this.#api.put(certificateRequests, {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { namespace: "team", name },
      spec: {
        issuerRef: { group, kind: this.#type.kind, name: issuer },
        request: Buffer.from(this.#issuables.get(name)?.csr ?? "").toString("base64"),
      },
      status: { conditions: [condition("Approved", "True")] },
    });
  }
}

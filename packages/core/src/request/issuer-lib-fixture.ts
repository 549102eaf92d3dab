import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  type Issued,
  issued,
  newPrivateKey,
  newSelfSignedCa,
  type Signer,
  type SignRequest,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { IssuerConnection } from "../issuer/issuer-connection.ts";
import type {
  CertificateRequest,
  CertificateSigningRequest,
  Condition,
  IssuerObject,
} from "../kube/types.ts";
import { recordKubeEvents } from "../lifecycle/kube-events.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { assertLegalStatus } from "./legal-status.ts";
import { type IssuerKey, matchIssuer } from "./match-issuer.ts";
import { matchSignerName } from "./match-signer-name.ts";
import { group, now, readyIssuer, requestWith } from "./request-fixtures.ts";
import { RequestReconciler } from "./request-reconciler.ts";
import { signingRequestStatus, signingRequestView } from "./signing-request-view.ts";

/** The two kinds under the names that issuer-lib's fixtures have in ours. */
export const definition = defineIssuer({
  group,
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({}),
  operation: z.object({ id: z.string() }),
  connect: () => {
    throw new Error("not used");
  },
});

const day = 86_400_000;
export const ca = newSelfSignedCa({
  commonName: "Test CA",
  notBefore: new Date(now - day),
  notAfter: new Date(now + 400 * day),
});
const csr = Buffer.from(
  await buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: ["web.example.com"] }),
).toString("base64");

/** An outcome as a PKI that works gives it. */
export async function issue(request: SignRequest): Promise<Issued> {
  const leaf = await buildCertificate({
    csr: request.parsedCsr,
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: deterministicSerial(request.uid),
    notBefore: new Date(now),
    notAfter: new Date(now + request.durationSeconds * 1000),
    isCA: false,
    usages: request.usages,
  });
  return issued({ chain: leaf.pem + ca.certificate.pem });
}

/** A CertificateRequest with those conditions; another issuerRef where one is given. */
export function certificateRequest(
  conditions: readonly Condition[],
  issuerRef: Partial<CertificateRequest["spec"]["issuerRef"]> = {},
): CertificateRequest {
  const request = requestWith(conditions);
  return {
    ...request,
    spec: { ...request.spec, request: csr, issuerRef: { ...request.spec.issuerRef, ...issuerRef } },
  };
}

/** A CertificateSigningRequest with that status, for the cluster issuer unless another signer is given. */
export function signingRequest(
  status: CertificateSigningRequest["status"],
  signerName = `acmeclusterissuers.${group}/acme`,
): CertificateSigningRequest {
  const { metadata } = requestWith([]);
  const { namespace: _, ...clusterScoped } = metadata;
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: clusterScoped,
    spec: { signerName, request: csr, usages: ["digital signature", "server auth"], username: "jane" },
    ...(status && { status }),
  };
}

type RequestObject = CertificateRequest | CertificateSigningRequest;

function isSigningRequest(object: RequestObject): object is CertificateSigningRequest {
  return "signerName" in object.spec;
}

/** A status as it is sent: of either kind of request. */
export interface WrittenStatus {
  readonly conditions?: readonly Partial<Condition>[];
  readonly certificate?: string;
  readonly ca?: string;
  readonly failureTime?: string;
}

/** How a {@link requestWorld} begins. */
export interface RequestWorldOptions {
  readonly object: RequestObject | undefined;
  /** The issuer object; a ready one unless given, none where it is null. */
  readonly issuer?: IssuerObject | null | undefined;
  readonly sign?: Signer<unknown>["sign"] | undefined;
  readonly find?: Signer<unknown>["find"];
  readonly idempotent?: boolean | undefined;
  readonly publishCa?: boolean | undefined;
}

/**
 * One request, one issuer and one signer, around the reconciler of requests. A write shows in the object at once, merged
 * as server-side apply does it: what was applied before and is not repeated is gone.
 */
export function requestWorld({ object, sign = issue, ...more }: RequestWorldOptions) {
  const { issuer = readyIssuer, idempotent = true, find, publishCa = true } = more;
  const lifecycle = new Lifecycle();
  const world = {
    object,
    issuer: issuer ?? undefined,
    now,
    sign,
    /** Calls of `sign`. */
    signs: 0,
    /** Every status that was sent, in order. */
    writes: [] as WrittenStatus[],
    /** `Type Reason note` of every event, as issuer-lib's recorder shows them. */
    events: [] as string[],
    /** The errors with which the issuer was reported. */
    reported: [] as unknown[],
    ignores: async (_request: CertificateRequest): Promise<boolean> => false,
    /** Runs before each write: throws, or answers that the object is gone. */
    beforeWrite: async (): Promise<"gone" | undefined> => undefined,
  };
  recordKubeEvents(
    lifecycle,
    { record: (_, { type, reason, note }) => void world.events.push(`${type} ${reason} ${note}`) },
    definition,
  );
  const signer: Signer<unknown> = {
    idempotent,
    check: async () => {},
    sign(request, context) {
      world.signs += 1;
      return world.sign(request, context);
    },
    ...(find && { find }),
  };
  const connection = new IssuerConnection({
    version: "v1",
    signer,
    reports: { begin() {}, end() {} },
    close: async () => {},
  });
  // What was last said of a CertificateSigningRequest that waits, as the source of requests remembers it.
  let waiting: Condition | undefined;
  let applied: readonly string[] = [];
  const view = (from: RequestObject | undefined) =>
    from && isSigningRequest(from) ? signingRequestView(definition, from, waiting) : from;
  const match = (request: CertificateRequest): IssuerKey | undefined =>
    world.object && isSigningRequest(world.object)
      ? matchSignerName(definition, world.object.spec.signerName)
      : matchIssuer(definition, request);

  function merge(status: WrittenStatus): void {
    if (world.object === undefined) return;
    const { conditions: next = [], ...fields } = status;
    const types = next.map(({ type = "" }) => type);
    const others = (world.object.status?.conditions ?? []).filter(
      ({ type }) => !applied.includes(type) && !types.includes(type),
    );
    // The API server keeps conditions of CertificateSigningRequests out of field ownership: an apply removes none.
    applied = isSigningRequest(world.object) ? [] : types;
    const conditions = [...others, ...next];
    world.object = {
      ...world.object,
      status: { ...world.object.status, ...fields, conditions },
    } as RequestObject;
  }

  /** Another process with nothing but what is on the object. */
  function restart() {
    waiting = undefined;
    const reconciler = new RequestReconciler({
      definition,
      lifecycle,
      scheduler: systemScheduler,
      signTimeoutMs: 1_000,
      limits: { retryForMs: 60_000, pendingForMs: 3_600_000 },
      rules: { publishCa, excess: "refuse", maxBackdateMs: 86_400_000 },
      possibleDuplicate: "sign",
      clock: () => world.now,
      ignored: new Set(),
      ports: {
        request: () => view(world.object),
        match,
        authorize: async () => {},
        enter: () => ({ leave: () => {} }),
        issuer: () => world.issuer,
        ignores: async (request) => world.ignores(request),
        connection: () => connection,
        backsOff: () => {},
        reportIssuer: (_, error) => world.reported.push(error),
        fence: () => {},
        reread: async () => view(world.object),
        async applyStatus(request, status) {
          assertLegalStatus(status);
          if ((await world.beforeWrite()) === "gone") return undefined;
          const isView = request.kind === "CertificateSigningRequest";
          const written: WrittenStatus | undefined = isView
            ? signingRequestStatus(group, request, status, world.now)
            : status;
          const ready = status.conditions.find(({ type }) => type === "Ready");
          waiting = isView && ready?.reason === "Pending" ? ready : undefined;
          if (written !== undefined) {
            world.writes.push(written);
            merge(written);
          }
          return view(world.object);
        },
      },
    });
    return () => reconciler.reconcile("team/web-1", new AbortController().signal, (call) => call());
  }
  return { world, lifecycle, look: restart(), restart };
}

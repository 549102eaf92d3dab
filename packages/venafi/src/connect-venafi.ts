import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectContext, type HttpClient, IssuerError, type Signer } from "@countersign/issuer-signer";
import { caBundlePem } from "@countersign/issuer-signer/spec";
import { connectCloud } from "./cloud/connect-cloud.ts";
import type { VenafiOperation } from "./operation.ts";
import type { savedSecrets, VenafiConfigMapRefs, VenafiSecretRefs } from "./secret-refs.ts";
import type { CloudSpec, TppSpec, VenafiSpec } from "./spec.ts";
import { connectTpp } from "./tpp/connect-tpp.ts";

/** What the SDK gives for one issuer object. */
export type VenafiContext = ConnectContext<
  { readonly venafi: VenafiSpec },
  VenafiSecretRefs,
  VenafiConfigMapRefs,
  (typeof savedSecrets)[number]
>;

/** What a backend of this package gets beside the context. */
export interface VenafiParts {
  readonly context: VenafiContext;
  readonly zone: string;
  readonly origin: string;
  /** With the issuer's trust, and no identity of its own. */
  readonly http: HttpClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What a test may want otherwise. */
export interface ConnectVenafiOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Puts a signer together; nothing is sent yet.
 *
 * @throws IssuerError that says what in the spec or its Secrets to correct
 */
export function connectVenafi(
  context: VenafiContext,
  options: ConnectVenafiOptions = {},
): Signer<VenafiOperation> {
  const { zone, origin, tpp, cloud } = context.spec.venafi;
  const { now = Date.now, delay = pause } = options;
  const parts = { context, zone, origin, now, delay };
  if (tpp !== undefined) {
    const maxVersion = tpp.maxTLSVersion === undefined ? undefined : (`TLSv${tpp.maxTLSVersion}` as const);
    const http = context.http.with({ ca: caOf(tpp, context), maxVersion });
    return connectTpp(tpp, { ...parts, http });
  }
  if (cloud === undefined) throw new IssuerError("The issuer names neither tpp nor cloud. Set one of them.");
  return connectCloud(cloud, { ...parts, http: context.http.with({ ca: caOf(cloud, context) }) });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal });
}

function caOf({ caBundle }: TppSpec | CloudSpec, { secrets, configMaps }: VenafiContext): string | undefined {
  return caBundlePem({ inline: caBundle, secret: secrets.caBundle, configMap: configMaps.caBundle });
}

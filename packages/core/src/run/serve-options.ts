import type { PkiNetworkOptions } from "../issuer/connect-issuer.ts";
import type { IgnoreHooks } from "./ignore-hooks.ts";

/** How an issuer is run: limits and times, each with its reason. */
export interface ServeOptions extends IgnoreHooks {
  /** Namespace of the Secrets, ConfigMaps and ServiceAccounts of cluster-scoped issuers. */
  readonly clusterResourceNamespace: string;
  /**
   * Serves only these namespaces, so that the controller needs no right in others: the namespaced kind of the definition and
   * its CertificateRequests. Everything in the whole cluster unless given.
   */
  readonly namespaces?: readonly string[] | undefined;
  /**
   * Requests that are worked on and signed at once, over all issuers. One whose PKI has not answered after half a second
   * does not count, since it only waits.
   */
  readonly maxConcurrentSigns?: number | undefined;
  /** Requests that are signed at once for one issuer object. */
  readonly maxConcurrentSignsPerIssuer?: number | undefined;
  /** Calls of `sign` per second for one issuer object; no limit unless given. */
  readonly maxSignsPerSecondPerIssuer?: number | undefined;
  /** Deadline of one call of `sign`, in milliseconds. */
  readonly signTimeoutMs?: number | undefined;
  /** Deadline of `connect` and of `check`, each, in milliseconds. */
  readonly checkTimeoutMs?: number | undefined;
  /** Time between two checks of a ready issuer, in milliseconds; jittered by a fifth. */
  readonly checkIntervalMs?: number | undefined;
  /**
   * For how long trouble with the PKI is retried before a request fails, in milliseconds from its first call; waits for an
   * approval or for the issuer do not count.
   */
  readonly retryForMs?: number | undefined;
  /** For how long a PKI may have a request `pending` before the request fails, in milliseconds from the first time. */
  readonly pendingForMs?: number | undefined;
  /**
   * What to do when an earlier attempt ended without an answer and the signer cannot look it up: `sign` again and report
   * the possible duplicate, or `fail` the request for people to look at.
   */
  readonly possibleDuplicate?: "sign" | "fail" | undefined;
  /**
   * What to do when a certificate names more than was asked for, or has power over others' certificates that nobody asked
   * for: `refuse` it, or issue it and `warn`.
   */
  readonly excess?: "refuse" | "warn" | undefined;
  /** How long before the approval of its request a certificate may begin, in milliseconds; what is older is refused. */
  readonly maxBackdateMs?: number | undefined;
  /** Proxy, and the addresses that signers may reach beside public ones. */
  readonly http?: PkiNetworkOptions | undefined;
  /** Whether the CA is published in `status.ca`, and so in `ca.crt` of the Secret. */
  readonly publishCa?: boolean | undefined;
  /** Whether Kubernetes CertificateSigningRequests are served beside cert-manager's CertificateRequests. */
  readonly kubernetesSigningRequests?: boolean | undefined;
  /** How long running work may take to end after a stop, in milliseconds. */
  readonly drainMs?: number | undefined;
}

/** The defaults. */
export const serveDefaults = Object.freeze({
  /** More is no faster on one CPU; PKIs that are slow are not held up by it. */
  maxConcurrentSigns: 32,
  /** Half of all, so that one issuer leaves room for the others, and few calls meet a PKI that hangs. */
  maxConcurrentSignsPerIssuer: 16,
  maxSignsPerSecondPerIssuer: Number.POSITIVE_INFINITY,
  /** A PKI that has not answered for a minute is not going to. */
  signTimeoutMs: 60_000,
  checkTimeoutMs: 30_000,
  /** Often enough to show a withdrawn credential before a renewal meets it, rare enough not to burden a PKI. */
  checkIntervalMs: 300_000,
  /** A request that fails costs its user an hour or more, so an outage of a working day should fail none. */
  retryForMs: 24 * 3_600_000,
  /**
   * People who decide on orders are away for a long weekend, so not less; of the 30 days that cert-manager leaves a
   * certificate of 90, not much more, for a failed request is made anew.
   */
  pendingForMs: 7 * 24 * 3_600_000,
  /** A certificate too many does less harm than a service without one. */
  possibleDuplicate: "sign" as const,
  /** A name that an approver has not seen is a name that nobody has approved. */
  excess: "refuse" as const,
  /** CAs back-date by half a minute to an hour against clocks that differ, some by a day against time zones. */
  maxBackdateMs: 24 * 3_600_000,
  http: Object.freeze({}) as PkiNetworkOptions,
  publishCa: true,
  kubernetesSigningRequests: true,
  /** The pod's default termination grace period is 30 s, of which up to 5 s go to what heeds no signal and to farewells. */
  drainMs: 24_000,
});

type WithoutDefault = IgnoreHooks & Pick<ServeOptions, "namespaces">;

/** Every option with a value, but for hooks and namespaces: what was given, else its default. */
export type ServeSettings = WithoutDefault & {
  readonly [Name in Exclude<keyof ServeOptions, keyof WithoutDefault>]-?: Exclude<
    ServeOptions[Name],
    undefined
  >;
};

/** @throws TypeError that names an option which is not a positive number. */
export function serveSettings(options: ServeOptions): ServeSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: ServeSettings = { ...serveDefaults, clusterResourceNamespace: "", ...given };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "number" && !(value > 0)) {
      throw new TypeError(`Expected \`${name}\` to be a number above 0, got \`${value}\``);
    }
  }
  return settings;
}

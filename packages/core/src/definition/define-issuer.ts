import type {
  ConfigMapKeyRef,
  ConfigMapRefs,
  ConnectContext,
  IssuerLimits,
  SecretKeyRef,
  SecretRefs,
  Signer,
} from "@countersign/issuer-signer";
import type { IssuerFragment } from "@countersign/issuer-signer/spec";
import type { z } from "zod";
import { structuralSchema } from "./structural-schema.ts";

/** The kinds of one issuer; at least one of the two. */
export interface IssuerKinds {
  /** Kind of the namespaced issuer, such as `AcmeIssuer`. */
  readonly namespaced?: string | undefined;
  /** Kind of the cluster-scoped issuer, such as `AcmeClusterIssuer`. */
  readonly cluster?: string | undefined;
}

/** What an author writes: the single source of the CRDs, the RBAC, the watches and the types. */
export interface IssuerDefinitionOptions<
  SpecSchema extends z.ZodObject,
  Secrets extends SecretRefs,
  ConfigMaps extends ConfigMapRefs,
  Op,
  Saved extends string = never,
> extends IssuerFragment<SpecSchema, Secrets, ConfigMaps, Op, Saved> {
  /** API group of the issuer kinds: a DNS name that you own, never `cert-manager.io`. */
  readonly group: string;
  /** API version, such as `v1alpha1`. */
  readonly version: string;
  readonly kinds: IssuerKinds;
}

/** One of the kinds of a definition, with its names in the API. */
export interface IssuerKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly scope: "Namespaced" | "Cluster";
}

/** What the engine hands to `connect`: the values of the references that the definition gave for the same spec. */
export interface AnyConnectContext
  extends Omit<ConnectContext<unknown, never, never, string>, "secrets" | "configMaps"> {
  readonly secrets: Readonly<Record<string, string | Uint8Array>>;
  readonly configMaps: Readonly<Record<string, string | Uint8Array>>;
}

/** A checked definition: what `runIssuer`, `startIssuer` and the generators take. Made by {@link defineIssuer}. */
export interface IssuerDefinition {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly IssuerKind[];
  readonly spec: z.ZodObject;
  readonly operation: z.ZodType | undefined;
  /** Whether the definition has `secrets` at all: without, the controller needs no access to Secrets. */
  readonly readsSecrets: boolean;
  /** As {@link readsSecrets}, for `configMaps`. */
  readonly readsConfigMaps: boolean;
  /** Whether its signers ask for tokens of service accounts: without, the controller has no right to. */
  readonly requestsTokens: boolean;
  /** Which of its `secrets` its signers write: without, the controller may not write to any Secret. */
  readonly savesCredentials: readonly string[];
  secrets(spec: unknown): Readonly<Record<string, SecretKeyRef>>;
  configMaps(spec: unknown): Readonly<Record<string, ConfigMapKeyRef>>;
  limits(spec: unknown): IssuerLimits;
  connect(context: AnyConnectContext): Promise<Signer<unknown>>;
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;
const apiVersion = /^v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$/;
// `<Kind>List` in lower case must be a DNS label of 63 characters.
const kindName = /^[A-Z][A-Za-z0-9]{0,58}$/;

function check(option: string, expected: string, value: unknown, ok: boolean): void {
  if (!ok) throw new TypeError(`Expected \`${option}\` to be ${expected}, got \`${String(value)}\``);
}

function issuerKind(kind: string, scope: IssuerKind["scope"]): IssuerKind {
  const singular = kind.toLowerCase();
  return { kind, singular, plural: singular.endsWith("s") ? `${singular}es` : `${singular}s`, scope };
}

function withoutUndefined(refs: SecretRefs = {}): Readonly<Record<string, SecretKeyRef>> {
  const given = Object.entries(refs).flatMap(([name, ref]) =>
    ref === undefined ? [] : [[name, ref] as const],
  );
  return Object.fromEntries(given);
}

function checkedLimits(limits: IssuerLimits = {}): IssuerLimits {
  for (const [name, value] of Object.entries(limits))
    check(`limits.${name}`, "a number above 0", value, value === undefined || value > 0);
  return limits;
}

/**
 * Checks a definition and freezes it. Importing a module that calls this starts nothing.
 *
 * @throws TypeError that names the option, what is expected and what was given, or the field of `spec` that has no
 * place in a CRD.
 */
export function defineIssuer<
  SpecSchema extends z.ZodObject,
  Secrets extends SecretRefs = Readonly<Record<never, never>>,
  ConfigMaps extends ConfigMapRefs = Readonly<Record<never, never>>,
  Op = undefined,
  Saved extends string = never,
>(options: IssuerDefinitionOptions<SpecSchema, Secrets, ConfigMaps, Op, Saved>): IssuerDefinition {
  const { group, version, kinds } = options;
  check("group", "a DNS name such as `pki.example.com`", group, dnsName.test(group) && group.length <= 253);
  check(
    "group",
    "a group of your own",
    group,
    !/(^|\.)(cert-manager\.io|k8s\.io|kubernetes\.io)$/.test(group),
  );
  check("version", "a Kubernetes API version such as `v1alpha1`", version, apiVersion.test(version));
  const list: IssuerKind[] = [];
  if (kinds.namespaced !== undefined) {
    check("kinds.namespaced", "a CamelCase kind", kinds.namespaced, kindName.test(kinds.namespaced));
    list.push(issuerKind(kinds.namespaced, "Namespaced"));
  }
  if (kinds.cluster !== undefined) {
    check("kinds.cluster", "a CamelCase kind", kinds.cluster, kindName.test(kinds.cluster));
    list.push(issuerKind(kinds.cluster, "Cluster"));
  }
  check("kinds", "an object with `namespaced`, `cluster` or both", JSON.stringify(kinds), list.length > 0);
  check(
    "kinds",
    "two different kinds",
    kinds.cluster,
    new Set(list.map((kind) => kind.plural)).size === list.length,
  );
  // What the API server would refuse as a CRD is refused here, where its author sees it.
  structuralSchema(options.spec);
  // The generic types end here: the engine handles every definition alike, and `spec` has been parsed by its own schema
  // before it comes back through `secrets`, `configMaps` and `connect`.
  const connect = options.connect as unknown as (
    context: AnyConnectContext,
  ) => Signer | Promise<Signer<unknown>>;
  const secrets = options.secrets as ((spec: unknown) => SecretRefs) | undefined;
  const limits = options.limits as ((spec: unknown) => IssuerLimits | undefined) | undefined;
  const configMaps = options.configMaps as ((spec: unknown) => ConfigMapRefs) | undefined;
  return Object.freeze({
    group,
    version,
    kinds: Object.freeze(list),
    spec: options.spec,
    operation: options.operation,
    readsSecrets: secrets !== undefined,
    readsConfigMaps: configMaps !== undefined,
    requestsTokens: options.requestsTokens === true,
    savesCredentials: Object.freeze([...(options.savesCredentials ?? [])]),
    secrets: (spec: unknown) => withoutUndefined(secrets?.(spec)),
    configMaps: (spec: unknown) => withoutUndefined(configMaps?.(spec)),
    limits: (spec: unknown) => checkedLimits(limits?.(spec)),
    connect: async (context: AnyConnectContext) => connect(context),
  });
}

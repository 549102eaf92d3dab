import type { HttpClient, Signer } from "@countersign/issuer-signer";
import type { z } from "zod";
import type { SecretKeyRef } from "./secret-key-ref.ts";
import { structuralSchema } from "./structural-schema.ts";

/** References to Secret values, by a name of the author's choice; an undefined one is left out. */
export type SecretRefs = Readonly<Record<string, SecretKeyRef | undefined>>;

/** The values behind {@link SecretRefs}: possibly undefined where the reference may be. */
export type SecretValues<Refs extends SecretRefs> = {
  readonly [Name in keyof Refs]: undefined extends Refs[Name] ? string | undefined : string;
};

/** What `connect` gets for one issuer object and one version of its spec and Secrets. */
export interface ConnectContext<Spec, Refs extends SecretRefs> {
  /** The parsed spec of the issuer object. */
  readonly spec: Spec;
  /** The referenced Secret values as UTF-8 text, by the names that `secrets` gave them. */
  readonly secrets: SecretValues<Refs>;
  /** The bounded HTTP client of this issuer object; closed by the SDK. */
  readonly http: HttpClient;
  /** The issuer object that is served. */
  readonly issuer: IssuerIdentity;
}

/** Which issuer object a signer serves. */
export interface IssuerIdentity {
  readonly kind: string;
  readonly name: string;
  /** Empty for a cluster-scoped issuer. */
  readonly namespace: string;
  readonly uid: string;
}

/** The kinds of one issuer; at least one of the two. */
export interface IssuerKinds {
  /** Kind of the namespaced issuer, such as `AcmeIssuer`. */
  readonly namespaced?: string | undefined;
  /** Kind of the cluster-scoped issuer, such as `AcmeClusterIssuer`. */
  readonly cluster?: string | undefined;
}

/** What an author writes: the single source of the CRDs, the RBAC, the watches and the types. */
export interface IssuerDefinitionOptions<SpecSchema extends z.ZodObject, Refs extends SecretRefs, Op> {
  /** API group of the issuer kinds: a DNS name that you own, never `cert-manager.io`. */
  readonly group: string;
  /** API version, such as `v1alpha1`. */
  readonly version: string;
  readonly kinds: IssuerKinds;
  /** The `spec` of the issuer objects. */
  readonly spec: SpecSchema;
  /** Which Secret values the signer needs. */
  readonly secrets?: ((spec: z.output<SpecSchema>) => Refs) | undefined;
  /** State that `pending` keeps between calls; parsed again when it is read back. */
  readonly operation?: z.ZodType<Op> | undefined;
  /** Makes the signer. Called once per issuer object and version of its spec and Secrets. */
  readonly connect: (
    context: ConnectContext<z.output<SpecSchema>, Refs>,
  ) => Signer<NoInfer<Op>> | Promise<Signer<NoInfer<Op>>>;
}

/** One of the kinds of a definition, with its names in the API. */
export interface IssuerKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly scope: "Namespaced" | "Cluster";
}

/** What the engine hands to `connect`: the values of the references that `secrets` gave for the same spec. */
export type AnyConnectContext = ConnectContext<unknown, Readonly<Record<string, SecretKeyRef>>>;

/** A checked definition: what `runIssuer`, `startIssuer` and the generators take. Made by {@link defineIssuer}. */
export interface IssuerDefinition {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly IssuerKind[];
  readonly spec: z.ZodObject;
  readonly operation: z.ZodType | undefined;
  /** Whether the definition has `secrets` at all: without, the controller needs no access to Secrets. */
  readonly readsSecrets: boolean;
  secrets(spec: unknown): Readonly<Record<string, SecretKeyRef>>;
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

function withoutUndefined(refs: SecretRefs): Readonly<Record<string, SecretKeyRef>> {
  const given = Object.entries(refs).flatMap(([name, ref]) =>
    ref === undefined ? [] : [[name, ref] as const],
  );
  return Object.fromEntries(given);
}

/**
 * Checks a definition and freezes it. Importing a module that calls this starts nothing.
 *
 * @throws TypeError that names the option, what is expected and what was given, or the field of `spec` that has no
 * place in a CRD.
 */
export function defineIssuer<
  SpecSchema extends z.ZodObject,
  Refs extends SecretRefs = Readonly<Record<never, never>>,
  Op = undefined,
>(options: IssuerDefinitionOptions<SpecSchema, Refs, Op>): IssuerDefinition {
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
  // before it comes back through `secrets` and `connect`.
  const connect = options.connect as unknown as (
    context: AnyConnectContext,
  ) => Signer | Promise<Signer<unknown>>;
  const secrets = options.secrets as ((spec: unknown) => SecretRefs) | undefined;
  return Object.freeze({
    group,
    version,
    kinds: Object.freeze(list),
    spec: options.spec,
    operation: options.operation,
    readsSecrets: secrets !== undefined,
    secrets: (spec: unknown) => withoutUndefined(secrets?.(spec) ?? {}),
    connect: async (context: AnyConnectContext) => connect(context),
  });
}

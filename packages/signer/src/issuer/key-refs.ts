/** Names one key of a Secret in the issuer's own namespace, or in the cluster-resource namespace for a cluster issuer. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
  /** The Secret has to exist and may lack the key: for Secrets whose keys say how to log in. Undefined: the key must be there. */
  readonly optional?: true | undefined;
}

/** Names one key of a ConfigMap, where a {@link SecretKeyRef} names one of a Secret. */
export interface ConfigMapKeyRef {
  readonly name: string;
  readonly key: string;
}

/** References to Secret values, by a name of the author's choice; an undefined one is left out. */
export type SecretRefs = Readonly<Record<string, SecretKeyRef | undefined>>;

/** References to values of ConfigMaps, as {@link SecretRefs}. */
export type ConfigMapRefs = Readonly<Record<string, ConfigMapKeyRef | undefined>>;

/** The values behind {@link SecretRefs}: possibly undefined where the reference, or the key, may be. */
export type SecretValues<Refs extends SecretRefs> = {
  readonly [Name in keyof Refs]: undefined extends Refs[Name]
    ? string | undefined
    : Refs[Name] extends { readonly optional: true }
      ? string | undefined
      : string;
};

/** The values behind {@link ConfigMapRefs}: possibly undefined where the reference may be. */
export type ConfigMapValues<Refs extends ConfigMapRefs> = SecretValues<Refs>;

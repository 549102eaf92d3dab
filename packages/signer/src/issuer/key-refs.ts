/** Names one key of a Secret in the issuer's own namespace, or in the cluster-resource namespace for a cluster issuer. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
  /** The Secret has to exist and may lack the key: for Secrets whose keys say how to log in. Undefined: the key must be there. */
  readonly optional?: true | undefined;
  /** The value is bytes, as that of a keytab; use {@link asBytes}. Undefined: it is UTF-8 text, and refused if it is not. */
  readonly bytes?: true | undefined;
}

/** A {@link SecretKeyRef} whose value is bytes. */
export interface SecretBytesRef extends SecretKeyRef {
  readonly bytes: true;
}

/**
 * The same reference, whose value `connect` gets as bytes.
 *
 * ```ts
 * secrets: (spec) => ({ keytab: asBytes(spec.keytabSecretRef), password: spec.passwordSecretRef })
 * ```
 */
export function asBytes<Ref extends SecretKeyRef | undefined>(
  ref: Ref,
): Ref extends undefined ? undefined : Ref & SecretBytesRef {
  // A conditional type is nothing that the compiler could see to hold for either case.
  return (ref && { ...ref, bytes: true }) as ReturnType<typeof asBytes<Ref>>;
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
  readonly [Name in keyof Refs]:
    | (NonNullable<Refs[Name]> extends { readonly bytes: true } ? Uint8Array : string)
    | (NonNullable<Refs[Name]> extends { readonly optional: true } ? undefined : never)
    | (undefined extends Refs[Name] ? undefined : never);
};

/** The values behind {@link ConfigMapRefs}: possibly undefined where the reference may be. */
export type ConfigMapValues<Refs extends ConfigMapRefs> = SecretValues<Refs>;

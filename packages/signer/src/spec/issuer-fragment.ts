import type { z } from "zod";
import type { ConnectContext } from "../issuer/connect-context.ts";
import type { IssuerLimits } from "../issuer/issuer-limits.ts";
import type { ConfigMapRefs, SecretRefs } from "../issuer/key-refs.ts";
import type { Signer } from "../signer.ts";

/**
 * What a backend knows of an issuer: everything but the names of its kinds. An issuer spreads it into `defineIssuer` of
 * `@countersign/issuer-core`.
 */
export interface IssuerFragment<
  SpecSchema extends z.ZodObject,
  Secrets extends SecretRefs = Readonly<Record<never, never>>,
  ConfigMaps extends ConfigMapRefs = Readonly<Record<never, never>>,
  Op = undefined,
  Saved extends string = never,
> {
  /** The `spec` of the issuer objects. */
  readonly spec: SpecSchema;
  /** Which Secret values the signer needs. */
  readonly secrets?: ((spec: z.output<SpecSchema>) => Secrets) | undefined;
  /** Which values of ConfigMaps the signer needs, such as a bundle of CAs to trust. */
  readonly configMaps?: ((spec: z.output<SpecSchema>) => ConfigMaps) | undefined;
  /** `connect` uses `serviceAccountTokens`: the controller is granted `create` on `serviceaccounts/token`. */
  readonly requestsTokens?: true | undefined;
  /**
   * Which of the `secrets` `connect` writes with `credentials.save`, such as `["refreshToken"]`: the controller is granted
   * `patch` on Secrets.
   */
  readonly savesCredentials?: readonly (Saved & keyof Secrets)[] | undefined;
  /** What an issuer object says of how its requests are served, such as by a field `limits` of its spec ({@link limitsSpec}). */
  readonly limits?: ((spec: z.output<SpecSchema>) => IssuerLimits | undefined) | undefined;
  /** State that `pending` keeps between calls; parsed again when it is read back. */
  readonly operation?: z.ZodType<Op> | undefined;
  /** Makes the signer. Called once per issuer object and version of its spec, Secrets and ConfigMaps. */
  readonly connect: (
    context: ConnectContext<z.output<SpecSchema>, Secrets, ConfigMaps, Saved>,
  ) => Signer<NoInfer<Op>> | Promise<Signer<NoInfer<Op>>>;
}

/**
 * Gives a backend's fragment the types that `defineIssuer` would give it: the secrets by their names, the operation of
 * its signer. Returns what it is given.
 *
 * ```ts
 * export const acmeIssuer = issuerFragment({
 *   spec: z.object({ url: z.url(), tokenSecretRef: secretKeyRef({ defaultKey: "token" }) }),
 *   secrets: (spec) => ({ token: spec.tokenSecretRef }),
 *   connect: ({ spec, secrets, http }) => new AcmeSigner(spec.url, secrets.token, http),
 * });
 * // elsewhere: defineIssuer({ group, version, kinds, ...acmeIssuer })
 * ```
 */
export function issuerFragment<
  SpecSchema extends z.ZodObject,
  Secrets extends SecretRefs = Readonly<Record<never, never>>,
  ConfigMaps extends ConfigMapRefs = Readonly<Record<never, never>>,
  Op = undefined,
  Saved extends string = never,
>(
  fragment: IssuerFragment<SpecSchema, Secrets, ConfigMaps, Op, Saved>,
): IssuerFragment<SpecSchema, Secrets, ConfigMaps, Op, Saved> {
  return fragment;
}

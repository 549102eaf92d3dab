import { CredentialGuard, type IssuerError } from "@countersign/issuer-signer";
import { issuerFragment } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { type ConnectAdcsOptions, connectAdcs } from "./connect-adcs.ts";
import { adcsOperation } from "./operation.ts";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { adcsSpec } from "./spec.ts";

/** What may be given otherwise; see {@link ConnectAdcsOptions}. */
export type AdcsIssuerOptions = Partial<ConnectAdcsOptions>;

/**
 * An issuer for Microsoft AD CS by its web enrolment, without the names of its kinds, which `defineIssuer` of
 * `@countersign/issuer-core` wants. Its `spec` is `spec.adcs`. All issuer objects of one such fragment remember together which
 * password was refused.
 *
 * ```ts
 * const adcs = defineIssuer({ group, version: "v1alpha1", kinds: { namespaced: "AdcsIssuer" }, ...adcsIssuer() });
 * ```
 */
export function adcsIssuer(options: AdcsIssuerOptions = {}) {
  const { guard = new CredentialGuard<IssuerError>(), ...rest } = options;
  return issuerFragment({
    spec: z.object({ adcs: adcsSpec }),
    secrets: secretRefs,
    configMaps: configMapRefs,
    operation: adcsOperation,
    connect: (context) => connectAdcs(context, { ...rest, guard }),
  });
}

/** The fragment that {@link adcsIssuer} makes. */
export type AdcsIssuerFragment = ReturnType<typeof adcsIssuer>;

import type { IssuerDefinition } from "./define-issuer.ts";
import { issuerCrds } from "./issuer-crd.ts";
import { type IssuerRbacOptions, issuerRbac } from "./issuer-rbac.ts";
import { type Manifest, manifestLabels } from "./manifest.ts";
import { withinNamespaces } from "./within-namespaces.ts";

/**
 * Everything that a cluster needs before the controller starts, in the order to apply it: CRDs, ServiceAccount, roles and
 * bindings. The namespaces it names must exist.
 *
 * ```ts
 * process.stdout.write(toYaml(issuerManifests(acme, { serviceAccount: { namespace: "pki", name: "acme-issuer" } })));
 * ```
 *
 * @throws TypeError where the spec has no structural schema
 */
export function issuerManifests(
  definition: IssuerDefinition,
  options: IssuerRbacOptions,
): readonly Manifest[] {
  const { namespace, name } = options.serviceAccount;
  const labels = manifestLabels(definition, "controller");
  const serviceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } };
  return [
    ...issuerCrds(withinNamespaces(definition, options.namespaces)),
    serviceAccount,
    ...issuerRbac(definition, options),
  ];
}

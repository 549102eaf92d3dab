import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { IssuerKey } from "./match-issuer.ts";

/**
 * The issuer that a `spec.signerName` names: `<plural>.<group>/<name>` for a cluster-scoped kind, where the name may hold
 * dots, and `<plural>.<group>/<namespace>.<name>` for a namespaced kind, as cert-manager spells them. A namespace cannot
 * hold a dot, so the first one ends it. Undefined when the signer is none of this definition's.
 */
export function matchSignerName(definition: IssuerDefinition, signerName: string): IssuerKey | undefined {
  const [signer, issuer, ...more] = signerName.split("/");
  if (issuer === undefined || issuer === "" || more.length > 0) return undefined;
  const kind = definition.kinds.find(({ plural }) => signer === `${plural}.${definition.group}`);
  if (kind === undefined) return undefined;
  if (kind.scope === "Cluster") return { kind, namespace: "", name: issuer };
  const dot = issuer.indexOf(".");
  if (dot <= 0 || dot === issuer.length - 1) return undefined;
  return { kind, namespace: issuer.slice(0, dot), name: issuer.slice(dot + 1) };
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { issued, type Signer } from "@countersign/issuer-signer";
import { type ControlPlane, kubectl } from "../../../../test/rigs/control-plane.ts";
import { type KubeResponse, kubeRequest } from "../../../../test/rigs/kube-request.ts";
import type { IssuerDefinition } from "./define-issuer.ts";
import type { IssuerRbacOptions } from "./issuer-rbac.ts";
import type { Manifest } from "./manifest.ts";
import { issuerManifests } from "./manifests.ts";
import { toYaml } from "./to-yaml.ts";

/** For definitions whose signer is never called. */
export const connect = (): Signer<undefined> => ({
  check: async () => undefined,
  sign: async () => issued({ chain: "" }),
});

/** Applies manifests as a user does: the YAML, through kubectl, where an unknown field or any warning is an error. */
export async function applyYaml(controlPlane: ControlPlane, manifests: readonly Manifest[]): Promise<void> {
  const path = join(controlPlane.directory, "manifests.yaml");
  await writeFile(path, toYaml(manifests));
  const strict = ["--server-side", "--warnings-as-errors", "--validate=strict"];
  await kubectl(controlPlane, "apply", ...strict, "-f", path);
}

/** Applies everything of a definition; resolves when its CRDs are established. */
export async function installDefinition(
  controlPlane: ControlPlane,
  definition: IssuerDefinition,
  options: IssuerRbacOptions,
): Promise<void> {
  const manifests = issuerManifests(definition, options);
  await applyYaml(controlPlane, manifests);
  const crds = manifests.filter(({ kind }) => kind === "CustomResourceDefinition");
  const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
  await kubectl(controlPlane, "wait", "--for=condition=Established", "--timeout=30s", ...names);
}

/** Creates an issuer of one of the definition's kinds, in `default` where it is namespaced. */
export function createIssuer(
  controlPlane: ControlPlane,
  { group, version, kinds }: IssuerDefinition,
  kind: string,
  spec: unknown,
  query = "",
): Promise<KubeResponse> {
  const { plural, scope } = kinds.find((candidate) => candidate.kind === kind) ?? {};
  const namespace = scope === "Namespaced" ? "namespaces/default/" : "";
  const body = { apiVersion: `${group}/${version}`, kind, metadata: { generateName: "a-" }, spec };
  return kubeRequest(controlPlane, "POST", `/apis/${group}/${version}/${namespace}${plural}${query}`, {
    body,
  });
}

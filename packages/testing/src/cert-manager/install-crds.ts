import type { KubeObject } from "@countersign/issuer-core";
import {
  isKubeApiError,
  type KubeTransport,
  pause,
  resourcePath,
  type Scheduler,
} from "@countersign/issuer-core/kube";
import { certManagerCrds, standInLabel } from "./crds.ts";
import { certificateRequestType, certificateType, crdType, KubeObjects } from "./kube-objects.ts";

/** How long the API server may take to serve a new CRD, in milliseconds. */
const longestWaitMs = 30_000;

/**
 * Installs the stand-in's CRDs and waits until they are served. Throws an Error where they exist and are not the
 * stand-in's: a cert-manager of that cluster's own would be at work there too.
 */
export async function installCrds(
  transport: KubeTransport,
  scheduler: Scheduler,
  signal?: AbortSignal,
): Promise<void> {
  const kube = new KubeObjects(transport, "countersign-cert-manager-stand-in");
  for (const crd of certManagerCrds()) {
    const existing = await kube.get<KubeObject>(crdType, crd.metadata);
    if (existing !== undefined && existing.metadata.labels?.[standInLabel] === undefined)
      throw new Error(
        `CustomResourceDefinition ${crd.metadata.name} is not the stand-in's: cert-manager seems to be installed here; set \`installCrds: false\` to use its CRDs while it does not run`,
      );
    await kube.apply(crdType, crd);
  }
  const deadline = scheduler.monotonic() + longestWaitMs;
  for (const type of [certificateType, certificateRequestType]) {
    while (!(await isServed(transport, resourcePath(type)))) {
      if (scheduler.monotonic() > deadline)
        throw new Error(`The API server does not serve ${type.plural} of cert-manager.io`);
      await pause(scheduler, 50, signal);
      signal?.throwIfAborted();
    }
  }
}

async function isServed(transport: KubeTransport, path: string): Promise<boolean> {
  try {
    await transport.request({ path, query: { limit: 1 } });
    return true;
  } catch (error) {
    if (isKubeApiError(error, 404)) return false;
    throw error;
  }
}

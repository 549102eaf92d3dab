import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { parseGoDuration } from "@countersign/issuer-signer";
import { serveDefaults } from "./serve-options.ts";

/** What the command line of an issuer says. */
export interface IssuerArguments {
  readonly help: boolean;
  readonly printManifests: boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly clusterResourceNamespace: string | undefined;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly maxConcurrentSigns: number;
  readonly maxConcurrentSignsPerIssuer: number;
  /** Infinity: no limit. */
  readonly maxSignsPerSecondPerIssuer: number;
  readonly possibleDuplicate: "sign" | "fail";
  readonly kubernetesSigningRequests: boolean;
  readonly retryForMs: number;
  readonly pendingForMs: number;
  readonly publishCa: boolean;
  readonly excess: "refuse" | "warn";
  readonly maxBackdateMs: number;
  readonly pkiAllowPlainHttp: boolean;
  readonly pkiAllowLoopback: boolean;
  /** Addresses and CIDRs. */
  readonly pkiAllowAddresses: readonly string[];
  readonly logLevel: string;
  /** Undefined: as suits the place. */
  readonly leaderElect: boolean | undefined;
  /** Undefined: named after the first kind. */
  readonly leaseName: string | undefined;
  /** Undefined: the own namespace. */
  readonly leaseNamespace: string | undefined;
  /** 0: no probes; undefined: as suits the place. */
  readonly probePort: number | undefined;
  /** 0: no metrics; undefined: as suits the place. */
  readonly metricsPort: number | undefined;
  /** A file, `-` or `stderr`; undefined: none. */
  readonly auditLog: string | undefined;
}

/** A command line that cannot be understood; the message is one line that says what to do. */
export class ArgumentError extends Error {}

/** Port of `/metrics` in a pod. */
export const defaultMetricsPort = 8080;

/** Port of `/livez` and `/readyz` in a pod. */
export const defaultProbePort = 8081;

const logLevels = ["debug", "info", "warn", "error", "silent"];

/** Text of `--help`. */
export const issuerHelp = `Runs the issuer until it is stopped.

  --kubeconfig FILE                  Kubernetes configuration; in a pod the service account is used
  --context NAME                     context of the kubeconfig; its current one by default
  --cluster-resource-namespace NAME  where what cluster issuers refer to is; by default the own namespace
  --watch-namespace NAME             serve the namespaced kind in this namespace only, with rights there alone; may be
                                     repeated; neither cluster issuers nor Kubernetes CertificateSigningRequests are served
  --max-concurrent-signs N           requests that are signed at once (default ${serveDefaults.maxConcurrentSigns}); those that
                                     wait long for their PKI do not count
  --max-concurrent-signs-per-issuer N
                                     requests that are signed at once for one issuer object (default ${serveDefaults.maxConcurrentSignsPerIssuer})
  --max-signs-per-second N           calls of one issuer's signer per second (default no limit)
  --on-possible-duplicate ACTION     when nobody can tell whether the PKI has issued already: sign, or fail
                                     the request (default ${serveDefaults.possibleDuplicate})
  --no-kubernetes-csrs               leave Kubernetes CertificateSigningRequests alone, and ask no rights for them
  --retry-for DURATION               how long trouble with the PKI is retried before a request fails (default 24h)
  --pending-for DURATION             how long a PKI may have a request pending before it fails (default 168h)
  --on-excess ACTION                 when a certificate names more than was asked for, or may sign for others:
                                     refuse it, or warn (default ${serveDefaults.excess})
  --max-backdate DURATION            how long before the approval of its request a certificate may begin (default 24h)
  --no-publish-ca                    leave status.ca, and so ca.crt of the Secret, empty
  --pki-allow-plain-http             let signers use http://, which shows credentials to the network
  --pki-allow-loopback               let signers use loopback addresses, which are refused in a pod
  --pki-allow-address CIDR           let signers use a link-local or otherwise refused address; may be repeated
  --log-level LEVEL                  ${logLevels.join(", ")} (default info)
  --leader-elect                     compete for a Lease, so that of several replicas one signs (default in a pod)
  --no-leader-elect                  sign without one: there must be no other replica (default elsewhere)
  --leader-elect-lease-name NAME     the Lease; by default it has the name of the first issuer resource
  --leader-elect-namespace NAME      where the Lease is; by default the own namespace
  --probe-port PORT                  port of /livez and /readyz; 0 for none (default ${defaultProbePort} in a pod, none elsewhere)
  --metrics-port PORT                port of /metrics; 0 for none (default ${defaultMetricsPort} in a pod, none elsewhere)
  --audit-log FILE                   write one line per decision to a file, to - (standard output) or to stderr;
                                     SIGHUP opens the file anew
  --print-manifests                  print the CRDs and the RBAC for \`kubectl apply -f -\`, and end
  --help                             this text
`;

function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new ArgumentError(`--${option} expects an integer from 1 up, got "${text}".`);
  }
  return value;
}

function positiveNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) {
    throw new ArgumentError(`--${option} expects a number above 0, got "${text}".`);
  }
  return value;
}

function durationMs(option: string, text: string): number {
  const seconds = parseGoDuration(text);
  if (seconds === undefined || seconds <= 0) {
    throw new ArgumentError(`--${option} expects a duration such as 90m or 24h, got "${text}".`);
  }
  return seconds * 1000;
}

function oneOf<Word extends string>(option: string, words: readonly [Word, Word], text: string): Word {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw new ArgumentError(`--${option} expects ${words.join(" or ")}, got "${text}".`);
}

function cidr(text: string): string {
  const [address = "", bits, ...more] = text.split("/");
  const width = isIP(address) === 6 ? 128 : 32;
  const sound = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width);
  if (isIP(address) === 0 || !sound || more.length > 0) {
    throw new ArgumentError(
      `--pki-allow-address expects an address or CIDR such as 10.0.0.0/8, got "${text}".`,
    );
  }
  return text;
}

function port(option: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) {
    throw new ArgumentError(`--${option} expects a port from 0 to 65535, got "${text}".`);
  }
  return value;
}

/** A DNS subdomain (RFC 1123), which the names of Leases are; those of namespaces are shorter still. */
function kubeName(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && !(text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text))) {
    throw new ArgumentError(`--${option} expects a Kubernetes name such as acme-issuer, got "${text}".`);
  }
  return text;
}

/** DNS labels (RFC 1123), each once; undefined where there are none. */
function namespaceNames(option: string, names: readonly string[]): readonly string[] | undefined {
  for (const name of names)
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
      throw new ArgumentError(`--${option} expects the name of a namespace such as team-a, got "${name}".`);
  return names.length === 0 ? undefined : [...new Set(names)];
}

/** @throws ArgumentError */
export function parseIssuerArguments(argv: readonly string[]): IssuerArguments {
  const { values } = parse(argv);
  if (values["leader-elect"] && values["no-leader-elect"]) {
    throw new ArgumentError("--leader-elect and --no-leader-elect exclude each other. Give one of them.");
  }
  if (!logLevels.includes(values["log-level"])) {
    throw new ArgumentError(
      `--log-level expects one of ${logLevels.join(", ")}, got "${values["log-level"]}".`,
    );
  }
  return {
    help: values.help,
    printManifests: values["print-manifests"],
    kubeconfig: values.kubeconfig,
    context: values.context,
    clusterResourceNamespace: values["cluster-resource-namespace"],
    namespaces: namespaceNames("watch-namespace", values["watch-namespace"]),
    maxConcurrentSigns: positiveInteger("max-concurrent-signs", values["max-concurrent-signs"]),
    maxConcurrentSignsPerIssuer: positiveInteger(
      "max-concurrent-signs-per-issuer",
      values["max-concurrent-signs-per-issuer"],
    ),
    maxSignsPerSecondPerIssuer: positiveNumber("max-signs-per-second", values["max-signs-per-second"]),
    possibleDuplicate: oneOf("on-possible-duplicate", ["sign", "fail"], values["on-possible-duplicate"]),
    kubernetesSigningRequests: !values["no-kubernetes-csrs"],
    retryForMs: durationMs("retry-for", values["retry-for"]),
    pendingForMs: durationMs("pending-for", values["pending-for"]),
    publishCa: !values["no-publish-ca"],
    excess: oneOf("on-excess", ["refuse", "warn"], values["on-excess"]),
    maxBackdateMs: durationMs("max-backdate", values["max-backdate"]),
    pkiAllowPlainHttp: values["pki-allow-plain-http"],
    pkiAllowLoopback: values["pki-allow-loopback"],
    pkiAllowAddresses: values["pki-allow-address"].map(cidr),
    logLevel: values["log-level"],
    leaderElect: values["no-leader-elect"] ? false : values["leader-elect"] || undefined,
    leaseName: kubeName("leader-elect-lease-name", values["leader-elect-lease-name"]),
    leaseNamespace: kubeName("leader-elect-namespace", values["leader-elect-namespace"]),
    probePort: values["probe-port"] === undefined ? undefined : port("probe-port", values["probe-port"]),
    metricsPort:
      values["metrics-port"] === undefined ? undefined : port("metrics-port", values["metrics-port"]),
    auditLog: values["audit-log"],
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        "print-manifests": { type: "boolean", default: false },
        kubeconfig: { type: "string" },
        context: { type: "string" },
        "cluster-resource-namespace": { type: "string" },
        "watch-namespace": { type: "string", multiple: true, default: [] },
        "max-concurrent-signs": { type: "string", default: String(serveDefaults.maxConcurrentSigns) },
        "max-concurrent-signs-per-issuer": {
          type: "string",
          default: String(serveDefaults.maxConcurrentSignsPerIssuer),
        },
        "max-signs-per-second": { type: "string", default: "Infinity" },
        "on-possible-duplicate": { type: "string", default: serveDefaults.possibleDuplicate },
        "no-kubernetes-csrs": { type: "boolean", default: false },
        "retry-for": { type: "string", default: "24h" },
        "pending-for": { type: "string", default: "168h" },
        "on-excess": { type: "string", default: serveDefaults.excess },
        "max-backdate": { type: "string", default: "24h" },
        "no-publish-ca": { type: "boolean", default: false },
        "pki-allow-plain-http": { type: "boolean", default: false },
        "pki-allow-loopback": { type: "boolean", default: false },
        "pki-allow-address": { type: "string", multiple: true, default: [] },
        "leader-elect": { type: "boolean", default: false },
        "no-leader-elect": { type: "boolean", default: false },
        "leader-elect-lease-name": { type: "string" },
        "leader-elect-namespace": { type: "string" },
        "probe-port": { type: "string" },
        "metrics-port": { type: "string" },
        "audit-log": { type: "string" },
        "log-level": { type: "string", default: "info" },
      },
    });
  } catch (error) {
    // parseArgs explains how to pass an argument that starts with a dash, in a second sentence that helps nobody here.
    const [first] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new ArgumentError(`${first?.replace(/\.$/, "")}. See --help.`);
  }
}

import { describe, expect, test } from "vitest";
import { ArgumentError, issuerHelp, parseIssuerArguments } from "./arguments.ts";

describe("the arguments of an issuer", () => {
  test("may all be left out", () => {
    expect(parseIssuerArguments([])).toEqual({
      help: false,
      printManifests: false,
      kubeconfig: undefined,
      context: undefined,
      clusterResourceNamespace: undefined,
      namespaces: undefined,
      maxConcurrentSigns: 32,
      maxConcurrentSignsPerIssuer: 16,
      maxSignsPerSecondPerIssuer: Number.POSITIVE_INFINITY,
      possibleDuplicate: "sign",
      kubernetesSigningRequests: true,
      retryForMs: 86_400_000,
      pendingForMs: 604_800_000,
      excess: "refuse",
      maxBackdateMs: 86_400_000,
      publishCa: true,
      pkiAllowPlainHttp: false,
      pkiAllowLoopback: false,
      pkiAllowAddresses: [],
      logLevel: "info",
      leaderElect: undefined,
      leaseName: undefined,
      leaseNamespace: undefined,
      probePort: undefined,
      metricsPort: undefined,
      auditLog: undefined,
    });
  });

  test("are taken with a space or an equals sign", () => {
    const argv = ["--kubeconfig", "a b.yaml", "--context=prod", "--cluster-resource-namespace", "pki"];
    const more = [
      "--watch-namespace=team-a",
      "--watch-namespace",
      "team-b",
      "--watch-namespace=team-a",
      "--max-concurrent-signs=4",
      "--max-concurrent-signs-per-issuer=2",
      "--max-signs-per-second=0.5",
      "--on-possible-duplicate",
      "fail",
      "--no-kubernetes-csrs",
      "--retry-for",
      "1h30m",
      "--pending-for=72h",
      "--on-excess=warn",
      "--max-backdate",
      "1h",
      "--no-publish-ca",
      "--pki-allow-plain-http",
      "--pki-allow-loopback",
      "--pki-allow-address=169.254.1.1",
      "--pki-allow-address",
      "fe80::/10",
      "--log-level",
      "debug",
      "--leader-elect",
      "--leader-elect-lease-name=acme",
      "--leader-elect-namespace",
      "locks",
      "--probe-port=0",
      "--metrics-port=9402",
      "--audit-log",
      "-",
    ];
    expect(parseIssuerArguments([...argv, ...more])).toEqual({
      help: false,
      printManifests: false,
      kubeconfig: "a b.yaml",
      context: "prod",
      clusterResourceNamespace: "pki",
      namespaces: ["team-a", "team-b"],
      maxConcurrentSigns: 4,
      maxConcurrentSignsPerIssuer: 2,
      maxSignsPerSecondPerIssuer: 0.5,
      possibleDuplicate: "fail",
      kubernetesSigningRequests: false,
      retryForMs: 5_400_000,
      pendingForMs: 259_200_000,
      excess: "warn",
      maxBackdateMs: 3_600_000,
      publishCa: false,
      pkiAllowPlainHttp: true,
      pkiAllowLoopback: true,
      pkiAllowAddresses: ["169.254.1.1", "fe80::/10"],
      logLevel: "debug",
      leaderElect: true,
      leaseName: "acme",
      leaseNamespace: "locks",
      probePort: 0,
      metricsPort: 9402,
      auditLog: "-",
    });
  });

  test("turn the election off, where it is on by default", () => {
    expect(parseIssuerArguments(["--no-leader-elect"]).leaderElect).toBe(false);
  });

  test.each([["--help"], ["-h"]])("ask for help with %s", (argument) => {
    expect(parseIssuerArguments([argument]).help).toBe(true);
  });

  test("are all explained by the help, one line each", () => {
    const explained = [...issuerHelp.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, option]) => option);
    expect(explained).toEqual([
      "kubeconfig",
      "context",
      "cluster-resource-namespace",
      "watch-namespace",
      "max-concurrent-signs",
      "max-concurrent-signs-per-issuer",
      "max-signs-per-second",
      "on-possible-duplicate",
      "no-kubernetes-csrs",
      "retry-for",
      "pending-for",
      "on-excess",
      "max-backdate",
      "no-publish-ca",
      "pki-allow-plain-http",
      "pki-allow-loopback",
      "pki-allow-address",
      "log-level",
      "leader-elect",
      "no-leader-elect",
      "leader-elect-lease-name",
      "leader-elect-namespace",
      "probe-port",
      "metrics-port",
      "audit-log",
      "print-manifests",
      "help",
    ]);
    for (const option of explained) {
      const value = new RegExp(`--${option} [A-Z]`).test(issuerHelp) ? ["info"] : [];
      // An option that does not exist is refused by its name; a value that does not fit is not.
      const attempt = () => parseIssuerArguments([`--${option}`, ...value]);
      expect(message(attempt)).not.toMatch(/unknown option/i);
    }
  });

  test.each([
    [["--kubeconfg", "x"], /Unknown option '--kubeconfg'\. See --help\.$/],
    [["file"], /Unexpected argument 'file'.*\. See --help\.$/],
    [["--kubeconfig"], /--kubeconfig <value>' argument missing\. See --help\.$/],
    [["--no-publish-ca=yes"], /See --help\.$/],
    [["--watch-namespace="], /^--watch-namespace expects the name of a namespace such as team-a, got ""\.$/],
    [["--watch-namespace", "a.b"], /got "a\.b"/],
    [["--watch-namespace", `${"a".repeat(64)}`], /got "a{64}"/],
    [["--max-concurrent-signs", "0"], /^--max-concurrent-signs expects an integer from 1 up, got "0"\.$/],
    [["--max-concurrent-signs", "1.5"], /an integer from 1 up, got "1\.5"/],
    [["--max-concurrent-signs", "many"], /an integer from 1 up, got "many"/],
    [["--pki-allow-address", "pki.example.com"], /^--pki-allow-address expects an address or CIDR/],
    [["--pki-allow-address", "10.0.0.0/33"], /got "10\.0\.0\.0\/33"/],
    [["--max-signs-per-second", "0"], /^--max-signs-per-second expects a number above 0, got "0"\.$/],
    [["--max-signs-per-second", ""], /got ""/],
    [["--on-possible-duplicate", "ask"], /expects sign or fail, got "ask"\.$/],
    [["--retry-for", "soon"], /^--retry-for expects a duration such as 90m or 24h, got "soon"\.$/],
    [["--retry-for", "0s"], /got "0s"/],
    [["--retry-for", "24"], /got "24"/],
    [["--pending-for", "a week"], /^--pending-for expects a duration/],
    [["--on-excess", "cut"], /^--on-excess expects refuse or warn, got "cut"\.$/],
    [["--max-backdate", "-1h"], /--max-backdate/],
    [["--leader-elect", "--no-leader-elect"], /exclude each other\. Give one of them\.$/],
    [
      ["--leader-elect-lease-name", "A/b"],
      /^--leader-elect-lease-name expects a Kubernetes name .*"A\/b"\.$/,
    ],
    [["--leader-elect-namespace="], /got ""/],
    [["--probe-port", "-1"], /argument is ambiguous\. See --help\.$/],
    [["--metrics-port", "http"], /^--metrics-port expects a port from 0 to 65535, got "http"\.$/],
    [["--metrics-port", "65536"], /got "65536"/],
    [["--metrics-port="], /got ""/],
    [["--audit-log"], /--audit-log <value>' argument missing\. See --help\.$/],
    [["--log-level", "loud"], /^--log-level expects one of debug, info, warn, error, silent, got "loud"\.$/],
  ])("are refused in one line that says what is wrong: %j", (argv, expected) => {
    const attempt = () => parseIssuerArguments(argv);
    expect(attempt).toThrow(ArgumentError);
    expect(message(attempt)).toMatch(expected);
    expect(message(attempt)).not.toContain("\n");
  });
});

function message(attempt: () => unknown): string {
  try {
    attempt();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

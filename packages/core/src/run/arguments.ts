import { parseArgs } from "node:util";
import { parseGoDuration } from "../request/go-duration.ts";
import { serveDefaults } from "./serve-options.ts";

/** What the command line of an issuer says. */
export interface IssuerArguments {
  readonly help: boolean;
  readonly printManifests: boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly clusterResourceNamespace: string | undefined;
  readonly maxConcurrentSigns: number;
  readonly retryForMs: number;
  readonly publishCa: boolean;
  readonly logLevel: string;
}

/** A command line that cannot be understood; the message is one line that says what to do. */
export class ArgumentError extends Error {}

const logLevels = ["debug", "info", "warn", "error", "silent"];

/** Text of `--help`. */
export const issuerHelp = `Runs the issuer until it is stopped.

  --kubeconfig FILE                  Kubernetes configuration; in a pod the service account is used
  --context NAME                     context of the kubeconfig; its current one by default
  --cluster-resource-namespace NAME  where the Secrets of cluster issuers are; by default the own namespace
  --max-concurrent-signs N           requests that are signed at once (default ${serveDefaults.maxConcurrentSigns})
  --retry-for DURATION               how long trouble with the PKI is retried before a request fails (default 24h)
  --no-publish-ca                    leave status.ca, and so ca.crt of the Secret, empty
  --log-level LEVEL                  ${logLevels.join(", ")} (default info)
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

/** @throws ArgumentError */
export function parseIssuerArguments(argv: readonly string[]): IssuerArguments {
  const { values } = parse(argv);
  const retryFor = parseGoDuration(values["retry-for"]);
  if (retryFor === undefined || retryFor <= 0) {
    throw new ArgumentError(
      `--retry-for expects a duration such as 90m or 24h, got "${values["retry-for"]}".`,
    );
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
    maxConcurrentSigns: positiveInteger("max-concurrent-signs", values["max-concurrent-signs"]),
    retryForMs: retryFor * 1000,
    publishCa: !values["no-publish-ca"],
    logLevel: values["log-level"],
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
        "max-concurrent-signs": { type: "string", default: String(serveDefaults.maxConcurrentSigns) },
        "retry-for": { type: "string", default: "24h" },
        "no-publish-ca": { type: "boolean", default: false },
        "log-level": { type: "string", default: "info" },
      },
    });
  } catch (error) {
    // parseArgs explains how to pass an argument that starts with a dash, in a second sentence that helps nobody here.
    const [first] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new ArgumentError(`${first?.replace(/\.$/, "")}. See --help.`);
  }
}

import { parseArgs } from "node:util";

/** What the command line says. Whatever it says goes before the configuration file. */
export interface ServiceArguments {
  readonly help: boolean;
  readonly config: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly probePort: string | undefined;
  readonly secretsDirectory: string | undefined;
  readonly auditLog: string | undefined;
  readonly logLevel: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** A command line or a configuration that cannot be understood; the message is one line that says what to do. */
export class UsageError extends Error {}

/** Text of `--help`. */
export const serviceHelp = `Signs CSRs by EJBCA: POST /sign {"csr": "<base64>"} is answered with {"certificate", "ca"}.

  --config FILE            the configuration, YAML or JSON; see samples/config.yaml (required)
  --host ADDRESS           address to listen on; all by default
  --port PORT              port of the service (default 8443)
  --probe-port PORT        port of /livez and /readyz, plain HTTP; 0 for none (default 8081)
  --secrets-directory DIR  where the Secrets that the configuration names are mounted, each as a folder
  --audit-log FILE         write one line per decision to a file, to - (standard output) or to stderr;
                           SIGHUP opens the file anew, and looks at all other files at once
  --log-level LEVEL        debug, info, warn, error, silent (default info)
  --kubeconfig FILE        Kubernetes configuration, to have tokens reviewed; in a pod the service account is used
  --context NAME           context of the kubeconfig; its current one by default
  --help                   this text

Certificates, keys and Secrets are read again every five seconds: a rotated one needs no restart.
`;

/** @throws UsageError */
export function parseServiceArguments(argv: readonly string[]): ServiceArguments {
  const { values } = parse(argv);
  return {
    help: values.help,
    config: values.config,
    host: values.host,
    port: values.port,
    probePort: values["probe-port"],
    secretsDirectory: values["secrets-directory"],
    auditLog: values["audit-log"],
    logLevel: values["log-level"],
    kubeconfig: values.kubeconfig,
    context: values.context,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        config: text,
        host: text,
        port: text,
        "probe-port": text,
        "secrets-directory": text,
        "audit-log": text,
        "log-level": text,
        kubeconfig: text,
        context: text,
      },
    });
  } catch (error) {
    // parseArgs explains how to pass an argument that starts with a dash, in a second sentence that helps nobody here.
    const [first] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new UsageError(`${first?.replace(/\.$/, "")}. See --help.`);
  }
}

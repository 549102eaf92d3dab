import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What the command line of a demonstration says. */
export interface DemoArguments {
  readonly help: boolean;
  readonly printManifests: boolean;
  /** Absolute paths. */
  readonly csr: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly out: string;
  readonly context: string | undefined;
}

/** Text of `--help`. */
export function demoHelp(name: string): string {
  const run = name === "software-ca" ? "npm start --" : `npm run demo ${name} --`;
  return `Issues a certificate with examples/${name}, on a Kubernetes API inside this process: no cluster, no Docker.

  ${run.padEnd(30)} issues a certificate for a new key
  ${`${run} --csr FILE`.padEnd(30)} signs your own CSR (PEM)
  ${`${run} --kubeconfig FILE`.padEnd(30)} runs the issuer against a real cluster until stopped
  ${`${run} --print-manifests`.padEnd(30)} prints the CRDs and the RBAC that a real cluster needs

  --csr FILE          certificate signing request to sign
  --out DIR           folder for tls.crt, tls.key and ca.crt (default countersign-out/${name})
  --kubeconfig FILE   Kubernetes configuration of a real cluster
  --context NAME      context of the kubeconfig
  --help              this text
`;
}

/**
 * Reads the arguments. Relative paths mean the folder in which the user typed the command, which npm hands down as
 * INIT_CWD.
 *
 * @throws Error of one line
 */
export function parseDemoArguments(name: string, argv: readonly string[], directory: string): DemoArguments {
  const values = parse(argv);
  const path = (file: string) => (isAbsolute(file) ? file : resolve(directory, file));
  if (values.csr !== undefined && values.kubeconfig !== undefined) {
    throw new Error("--csr and --kubeconfig do not go together. Give one of them.");
  }
  if (values.context !== undefined && values.kubeconfig === undefined) {
    throw new Error("--context needs --kubeconfig FILE.");
  }
  return {
    help: values.help,
    printManifests: values["print-manifests"],
    csr: values.csr === undefined ? undefined : path(values.csr),
    kubeconfig: values.kubeconfig === undefined ? undefined : path(values.kubeconfig),
    out: path(values.out ?? `countersign-out/${name}`),
    context: values.context,
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
        csr: { type: "string" },
        kubeconfig: { type: "string" },
        context: { type: "string" },
        out: { type: "string" },
      },
    }).values;
  } catch (error) {
    const [first] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new Error(`${first?.replace(/\.$/, "")}. See --help.`);
  }
}

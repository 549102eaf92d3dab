import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import type { KubeConnection } from "./connection.ts";
import { KubeConnectionError } from "./kube-connection-error.ts";

/** Options of {@link inCluster}. */
export interface InClusterOptions {
  /** Value of `KUBERNETES_SERVICE_HOST`. */
  readonly host: string;
  /** Value of `KUBERNETES_SERVICE_PORT`. */
  readonly port: string | number;
  /** Where the service account's `token`, `ca.crt` and `namespace` are. */
  readonly directory?: string | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** Where the kubelet mounts the service account of a pod. */
export const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The kubelet replaces a token after 80 % of its life, 10 min at least: a minute's delay is always good. */
const rereadMs = 60_000;

interface Identity {
  readonly token: string;
  readonly ca: string;
  readonly readAt: number;
}

/**
 * The connection of a pod under its service account. Token and CA are read again each minute and after a 401, so both may
 * be rotated.
 *
 * @throws KubeConnectionError when the files are not there.
 */
export async function inCluster(options: InClusterOptions): Promise<KubeConnection> {
  const { host, port, directory = serviceAccountDirectory, scheduler = systemScheduler } = options;
  const read = async (file: string) => (await readFile(join(directory, file), "utf8")).trim();
  const readIdentity = async (): Promise<Identity> => {
    const [token, ca] = await Promise.all([read("token"), read("ca.crt")]);
    if (token === "") throw new Error("the token is empty");
    return { token, ca, readAt: scheduler.monotonic() };
  };
  const noFiles = (error: unknown) =>
    new KubeConnectionError(
      `The service account in ${directory} cannot be read: ${error instanceof Error ? error.message : String(error)}. Check the pod's automountServiceAccountToken.`,
      { cause: error },
    );

  let identity = await readIdentity().catch((error: unknown) => Promise.reject(noFiles(error)));
  let reading: Promise<void> | undefined;
  const reread = () => {
    reading ??= readIdentity()
      .then((fresh) => {
        identity = fresh;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: await read("namespace").catch(() => undefined),
    async authorize({ refresh }) {
      const due = scheduler.monotonic() - identity.readAt >= rereadMs;
      // A token that cannot be read anew may still be good; the server's 401 says when it is not.
      if (refresh) await reread().catch((error: unknown) => Promise.reject(noFiles(error)));
      else if (due) await reread().catch(() => {});
      return { authorization: `Bearer ${identity.token}` };
    },
    tls: async () => ({ ca: identity.ca }),
  };
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAdminShell } from "./admin-shell.ts";
import { startCertManager } from "./cert-manager.ts";
import { startControlPlane } from "./control-plane.ts";
import { type Ejbca, startEjbca } from "./ejbca/start-ejbca.ts";
import { type PageReader, pageReader } from "./page-reader.ts";

/** What the guide's reader has before the first command: an EJBCA (the simulator), a cluster with cert-manager, a checkout. */
export interface EjbcaReader extends PageReader {
  readonly ejbca: Ejbca;
  /** Puts the issuer's client certificate where the page has it. */
  storeClient(client: Ejbca["clients"]["issuer"]): Promise<void>;
}

/** The enrolment code of the end entity that the guide takes for granted. */
export const enrollmentCode = "foo123";

/** Starts all of it. */
export async function ejbcaReader(): Promise<EjbcaReader> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-ejbca-guide-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  try {
    const ejbca = stack.use(await startEjbca());
    const controlPlane = stack.use(await startControlPlane());
    stack.use(
      await startCertManager(controlPlane, { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" }),
    );
    const storeClient = async ({ cert, key }: Ejbca["clients"]["issuer"]) => {
      await writeFile(join(directory, "issuer.crt"), cert);
      await writeFile(join(directory, "issuer.key"), key, { mode: 0o600 });
    };
    await storeClient(ejbca.clients.issuer);
    await writeFile(join(directory, "ejbca-tls-ca.pem"), ejbca.tlsCaPem);
    const shell = await startAdminShell({
      directory,
      commands: { kubectl: controlPlane.kubectlPath },
      env: {
        ...process.env,
        KUBECONFIG: controlPlane.kubeconfigPath,
        EJBCA_URL: new URL(ejbca.url).origin,
        EJBCA_CA: "LabIssuingCA",
        EJBCA_CERTIFICATE_PROFILE: "LabTLS",
        EJBCA_END_ENTITY_PROFILE: "LabEEP-OneCA",
        EJBCA_TOKEN_URL: ejbca.oauth.tokenUrl,
        EJBCA_CLIENT_ID: "issuer",
        EJBCA_CLIENT_SECRET: "issuer-secret",
        EJBCA_AUDIENCE: ejbca.oauth.audience,
        EJBCA_ENROLLMENT_CODE: enrollmentCode,
      },
    });
    const reader = stack.use(pageReader(shell, controlPlane));
    return { ...reader, ejbca, storeClient, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildCertificate,
  buildCsr,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  randomSerial,
  softwareCaSigner,
} from "@countersign/issuer-core";
import { type Ejbca, startEjbca } from "../../../test/rigs/ejbca/start-ejbca.ts";

/** A certificate and its key, as PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** A CA for connections, as a company's own is. */
export interface ConnectionCa {
  readonly pem: string;
  /** A certificate for a server on loopback, and for a client of that name. */
  issue(commonName: string): Promise<PemPair>;
}

/** Makes the CA; it lives in memory. */
export function newConnectionCa(commonName = "Connections"): ConnectionCa {
  const hour = 3_600_000;
  const [notBefore, notAfter] = [new Date(Date.now() - hour), new Date(Date.now() + 24 * hour)];
  const ca = newSelfSignedCa({ commonName, notBefore, notAfter });
  return {
    pem: ca.certificate.pem,
    async issue(name) {
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
      const { pem } = await buildCertificate({
        csr: parseCsr(await buildCsr({ key, commonName: name, ...names })),
        caCertificate: ca.certificate,
        signer: softwareCaSigner(ca.key),
        serial: randomSerial(),
        ...{ notBefore, notAfter, isCA: false },
        usages: ["digital signature", "server auth", "client auth"],
        beyondCa: "allow",
      });
      return { cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
    },
  };
}

/** The simulator of EJBCA, and a folder that has what the service in front of it needs. */
export interface DemoFiles extends AsyncDisposable {
  readonly ejbca: Ejbca;
  readonly folder: string;
  /** Path of the configuration. */
  readonly config: string;
  readonly ca: ConnectionCa;
  /** Replaces a mounted Secret as the kubelet does: a new folder, and one link that is moved over the old one. */
  mount(name: string, values: Readonly<Record<string, string>>): Promise<void>;
}

/** Starts the simulator and writes configuration and Secrets; `more` comes over the configuration. */
export async function startDemoFiles(more: Readonly<Record<string, unknown>> = {}): Promise<DemoFiles> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-sign-webhook-"));
  const secrets = join(folder, "secrets");
  await mkdir(secrets);
  const ejbca = await startEjbca();
  const mount = async (name: string, values: Readonly<Record<string, string>>) => {
    const version = await mkdtemp(join(secrets, "..version-"));
    for (const [key, value] of Object.entries(values)) await writeFile(join(version, key), value);
    await symlink(version, join(secrets, `..new-${name}`));
    await rename(join(secrets, `..new-${name}`), join(secrets, name));
  };
  const ca = newConnectionCa();
  const server = await ca.issue("sign-webhook");
  await mount("server", { "tls.crt": server.cert, "tls.key": server.key, "clients.crt": ca.pem });
  const { cert, key } = ejbca.clients.issuer;
  await mount("ejbca-client", { "tls.crt": cert, "tls.key": key, "ca.crt": ejbca.tlsCaPem });
  const config = join(folder, "config.json");
  await writeFile(
    config,
    JSON.stringify({
      ...{ host: "127.0.0.1", port: 0, probePort: 0, reloadEvery: "100ms" },
      tls: { certFile: "secrets/server/tls.crt", keyFile: "secrets/server/tls.key" },
      clients: { caFile: "secrets/server/clients.crt", subjects: ["CN=webhook-issuer"] },
      drain: { delay: "0s" },
      ejbca: {
        url: new URL(ejbca.url).origin,
        caBundleSecretRef: { name: "ejbca-client" },
        auth: { clientCertificate: { secretName: "ejbca-client" } },
        certificateAuthorityName: "LabIssuingCA",
        certificateProfileName: "LabTLS",
        endEntityProfileName: "LabEEP-OneCA",
      },
      ...more,
    }),
  );
  return {
    ...{ ejbca, folder, config, ca, mount },
    async [Symbol.asyncDispose]() {
      await ejbca.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

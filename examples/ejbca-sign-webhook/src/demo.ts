import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type DemoIssuer, runDemo } from "@countersign/issuer-testing";
import { webhook } from "../../webhook/src/webhook.ts";
import { parseServiceArguments } from "./arguments.ts";
import { readServiceConfig } from "./config.ts";
import { type DemoFiles, startDemoFiles } from "./demo-service.ts";
import { type RunningService, startService } from "./start-service.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** EJBCA's simulator, the service in front of it, and an issuer that asks the service. */
async function prepare(): Promise<DemoIssuer> {
  const files = await startDemoFiles();
  const { ejbca, ca } = files;
  let service: RunningService | undefined;
  const end = async () => {
    await service?.stop(0);
    await files[Symbol.asyncDispose]();
  };
  try {
    const config = await readServiceConfig(parseServiceArguments(["--config", files.config]));
    service = await startService({ config, connection: undefined, log: silent, env: {} });
    const client = await ca.issue("webhook-issuer");
    const url = `https://localhost:${service.port}`;
    const ref = { name: "sign-webhook-client" };
    return {
      spec: {
        webhook: {
          ...{ url, healthPath: "/health" },
          ...{ caBundleSecretRef: ref, clientCertSecretRef: ref, clientKeySecretRef: ref },
          idempotency: { promised: true },
        },
      },
      secrets: { [ref.name]: { "tls.crt": client.cert, "tls.key": client.key, "ca.crt": ca.pem } },
      notes: [
        `started a simulator of EJBCA at ${ejbca.url}: what it answers was recorded from EJBCA CE 8.2.0.1`,
        `started the service in front of it at ${url}/sign, for the client certificate CN=webhook-issuer`,
      ],
      verify: ({ certificate }) => verify(certificate, files),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Asks OpenSSL, which knows nothing but the simulator's own root. */
async function verify(certificate: string, { ejbca, folder }: DemoFiles): Promise<string> {
  const chain = ejbca.chains.LabIssuingCA ?? "";
  await writeFile(join(folder, "root.pem"), chain.slice(chain.lastIndexOf("-----BEGIN CERTIFICATE-----")));
  await writeFile(join(folder, "tls.crt"), certificate);
  const args = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls.crt", "tls.crt"];
  const { stdout } = await promisify(execFile)("openssl", args, { cwd: folder });
  return `  openssl verify, with the root of LabIssuingCA as the simulator gave it:  ${stdout.trim()}`;
}

await runDemo({ name: "ejbca-sign-webhook", definition: webhook, prepare });

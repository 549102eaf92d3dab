import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { HttpClient } from "@countersign/issuer-core";
import type { DemoIssuer } from "@countersign/issuer-testing";
import { startTpp, type Tpp } from "../../../test/rigs/venafi/start-tpp.ts";
import { startVenafiCloud } from "../../../test/rigs/venafi/start-venafi-cloud.ts";

/** Starts a simulator of TPP, and an issuer with a refresh token, which the SDK writes back into its Secret. */
export async function startDemoTpp(): Promise<DemoIssuer> {
  const tpp = await startTpp();
  tpp.control.pendingFor(1);
  return {
    spec: {
      venafi: {
        zone: "Open",
        tpp: {
          url: `${tpp.url}/vedsdk`,
          caBundleSecretRef: { name: "venafi-tpp" },
          credentialsRef: { name: "venafi-tpp" },
        },
      },
    },
    secrets: { "venafi-tpp": { "refresh-token": await refreshToken(tpp), "ca.crt": tpp.caPem } },
    notes: [`started a simulator of Venafi TPP at ${tpp.url}, with the policy folder \\VED\\Policy\\Open`],
    verify: ({ certificate }) => verify(certificate, tpp.rootPem, "TPP simulator"),
    [Symbol.asyncDispose]: () => tpp.stop(),
  };
}

/** Starts a simulator of the SaaS, and an issuer with an API key. */
export async function startDemoCloud(): Promise<DemoIssuer> {
  const cloud = await startVenafiCloud();
  cloud.control.pendingFor(1);
  return {
    spec: {
      venafi: {
        zone: "Open\\Default",
        cloud: {
          url: cloud.url,
          caBundleSecretRef: { name: "venafi-saas" },
          apiTokenSecretRef: { name: "venafi-saas" },
        },
      },
    },
    secrets: { "venafi-saas": { "api-key": cloud.credentials.apiKey, "ca.crt": cloud.caPem } },
    notes: [`started a simulator of Venafi's SaaS at ${cloud.url}, with the zone Open\\Default`],
    verify: ({ certificate }) => verify(certificate, cloud.rootPem, "SaaS simulator"),
    [Symbol.asyncDispose]: () => cloud.stop(),
  };
}

/** As an administrator gets one, by a password that the issuer never sees. */
async function refreshToken({ url, caPem, credentials }: Tpp): Promise<string> {
  const http = new HttpClient({ ca: caPem });
  try {
    const [user] = credentials.users;
    const { refresh_token } = await http.post<{ readonly refresh_token: string }>(
      `${url}/vedauth/authorize/oauth`,
      {
        json: {
          ...{ client_id: "cert-manager.io", scope: "certificate:manage" },
          ...{ username: user?.username, password: user?.password },
        },
      },
    );
    return refresh_token;
  } finally {
    http.close();
  }
}

/** Asks OpenSSL, which knows nothing but the simulator's own root. */
async function verify(certificate: string, rootPem: string, whose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-venafi-"));
  try {
    await writeFile(join(folder, "root.pem"), rootPem);
    await writeFile(join(folder, "tls.crt"), certificate);
    const args = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls.crt", "tls.crt"];
    const { stdout } = await promisify(execFile)("openssl", args, { cwd: folder });
    return `  openssl verify, with the root of the ${whose}:  ${stdout.trim()}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

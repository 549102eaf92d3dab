import { execFile } from "node:child_process";
import type { JsonWebKey } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { HttpClient, type IssuerKind, type Secret } from "@countersign/issuer-core";
import { venafi as definition } from "../../examples/venafi/src/venafi.ts";
import { configMaps, issuerType, secrets, serviceAccounts } from "../e2e/resources.ts";
import { kubectl } from "../rigs/control-plane.ts";
import { startTpp, type Tpp } from "../rigs/venafi/start-tpp.ts";
import { startVenafiCloud, type VenafiCloud } from "../rigs/venafi/start-venafi-cloud.ts";
import { type IssuerScene, issuerNamespace, startIssuerScene, teamNamespace } from "./issuer-scene.ts";

/** Secret, ConfigMap and ServiceAccount that issuers refer to, in both namespaces. */
const refreshSecret = "venafi-refresh";
const trust = "venafi-ca";
const account = "venafi";

/** A cluster with the real cert-manager, simulators that trust its tokens, and the issuer's manifests; nobody signs. */
export interface VenafiScene extends IssuerScene {
  readonly tpp: Tpp;
  readonly cloud: VenafiCloud;
  /** Makes an issuer object; its `spec.venafi` has url and trust already. */
  issuer(kind: IssuerKind["kind"], name: string, zone: string, spec: object): Promise<void>;
  /** The refresh token as the team's Secret has it. */
  refreshToken(): Promise<string>;
  /** OpenSSL's word on a chain, with nothing but the roots of the simulators. */
  openssl(chain: string): Promise<string>;
}

/** `tpp` of an issuer that has its token in the team's Secret. */
export const byRefreshToken = { tpp: { credentialsRef: { name: refreshSecret } } };
/** `tpp` of an issuer that logs in as a service account. */
export const byServiceAccount = { tpp: { serviceAccountRef: { name: account, audiences: ["tpp"] } } };
/** `cloud` of an issuer that asserts by a service account. */
export const bySaasAccount = ({ cloud }: Pick<VenafiScene, "cloud">) => ({
  cloud: {
    serviceAccount: {
      tokenURL: cloud.credentials.tokenUrl,
      serviceAccountRef: { name: account, audiences: ["saas"] },
    },
  },
});

/** Starts all of it (about 15 s). */
export async function startVenafiScene(): Promise<VenafiScene> {
  const stack = new AsyncDisposableStack();
  try {
    const references = {
      secrets: [refreshSecret],
      savedSecrets: [refreshSecret],
      configMaps: [trust],
      serviceAccounts: [account],
    };
    const scene = stack.use(await startIssuerScene({ definition, account: "venafi-issuer", references }));
    const { kube, folder } = scene;
    const jwks = await keysOf(scene);
    const issuer = "https://kubernetes.default.svc";
    const subject = `system:serviceaccount:${teamNamespace}:${account}`;
    const mapping = { jwks, issuer, subject, audience: "tpp", username: "local:issuer" };
    const saasAccount = `system:serviceaccount:${issuerNamespace}:${account}`;
    const tpp = stack.use(await startTpp({ jwtMappings: [mapping] }));
    const serviceAccountTrust = { jwks, issuer, subject: saasAccount, audience: "saas" };
    const cloud = stack.use(await startVenafiCloud({ serviceAccounts: [serviceAccountTrust] }));
    for (const namespace of [issuerNamespace, teamNamespace]) {
      const metadata = { namespace, name: account };
      await kube.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
      await kube.create(configMaps, {
        ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: trust } },
        data: { "ca.crt": tpp.caPem + cloud.caPem },
      });
    }
    await kube.create(secrets, {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace: teamNamespace, name: refreshSecret } },
      stringData: await grantOf(tpp),
    });
    const owned = stack.move();
    return {
      ...scene,
      ...{ tpp, cloud },
      async issuer(kind, name, zone, spec) {
        const type = issuerType(definition, kind);
        const namespace = type.namespaced ? { namespace: teamNamespace } : {};
        const caBundleConfigMapRef = { name: trust };
        const parts = Object.entries(spec).map(([product, given]) => {
          const { url } = product === "tpp" ? tpp : cloud;
          return [product, { url, caBundleConfigMapRef, ...given }];
        });
        await kube.create(type, {
          ...{ apiVersion: `${definition.group}/${definition.version}`, kind },
          metadata: { name, ...namespace },
          spec: { venafi: { zone, ...Object.fromEntries(parts) } },
        });
      },
      async refreshToken() {
        const secret = await kube.get<Secret>(secrets, { namespace: teamNamespace, name: refreshSecret });
        return Buffer.from(secret?.data?.["refresh-token"] ?? "", "base64").toString();
      },
      async openssl(chain) {
        await writeFile(join(folder, "roots.pem"), tpp.rootPem + cloud.rootPem);
        await writeFile(join(folder, "chain.pem"), chain);
        const files = ["-CAfile", "roots.pem", "-untrusted", "chain.pem", "chain.pem"];
        return (await promisify(execFile)("openssl", ["verify", "-x509_strict", ...files], { cwd: folder }))
          .stdout;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Keys that the API server signs tokens of service accounts with. */
async function keysOf({ controlPlane }: IssuerScene): Promise<readonly JsonWebKey[]> {
  return JSON.parse(await kubectl(controlPlane, "get", "--raw", "/openid/v1/jwks")).keys;
}

/** As an administrator gets them for a Secret. */
async function grantOf({ url, caPem, credentials }: Tpp) {
  using http = new HttpClient({ ca: caPem });
  const [user] = credentials.users;
  const json = {
    ...{ client_id: "cert-manager.io", scope: "certificate:manage" },
    ...{ username: user?.username, password: user?.password },
  };
  const answer = await http.post<{ readonly access_token: string; readonly refresh_token: string }>(
    `${url}/vedauth/authorize/oauth`,
    { json },
  );
  return { "access-token": answer.access_token, "refresh-token": answer.refresh_token };
}

import {
  buildCsr,
  type CertificateRequest,
  HttpClient,
  type IssuerObject,
  newPrivateKey,
  type RunningIssuer,
  type Secret,
  startIssuer,
} from "@countersign/issuer-core";
import { startTestCluster } from "@countersign/issuer-testing";
import { AdminKube } from "../../../../test/e2e/admin-kube.ts";
import { findCondition } from "../../../../test/e2e/conditions.ts";
import { eventually } from "../../../../test/e2e/eventually.ts";
import { certificateRequests, issuerType, secrets } from "../../../../test/e2e/resources.ts";
import type { Tpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import type { VenafiCloud } from "../../../../test/rigs/venafi/start-venafi-cloud.ts";
import { venafi } from "../venafi.ts";

const namespace = "default";
const patience = { timeout: 30_000, interval: 50 };

/** What a request asks for beside its name. */
export interface SceneRequest {
  readonly dnsNames?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** For tests: the issuer on an embedded Kubernetes API, whose stand-in for cert-manager approves every request. */
export async function startScene() {
  const cluster = await startTestCluster({ definitions: [venafi] });
  const kube = new AdminKube(cluster.connection);
  const options = { connection: cluster.connection, clusterResourceNamespace: namespace };
  const start = () => startIssuer(venafi, options);
  let running: RunningIssuer | undefined = start();
  await running.synced;
  const request = (name: string) => kube.get<CertificateRequest>(certificateRequests, { namespace, name });
  const issuerKind = issuerType(venafi, "VenafiIssuer");

  return {
    cluster,
    async stopIssuer() {
      await running?.stop();
      running = undefined;
    },
    async startIssuer() {
      running = start();
      await running.synced;
    },
    /** An issuer with a Secret of the same name, at this simulator. */
    async issuer(
      name: string,
      server: Tpp | VenafiCloud,
      { zone, secret, spec }: { readonly zone?: string; readonly secret: object; readonly spec?: object },
    ): Promise<void> {
      const isCloud = "apiKey" in server.credentials;
      await this.secret(name, secret);
      const base = { url: server.url, caBundle: Buffer.from(server.caPem).toString("base64") };
      await kube.apply(issuerKind, {
        ...{ apiVersion: `${venafi.group}/${venafi.version}`, kind: "VenafiIssuer" },
        metadata: { namespace, name },
        spec: {
          venafi: isCloud
            ? { zone: zone ?? "Open\\Default", cloud: { ...base, apiTokenSecretRef: { name }, ...spec } }
            : { zone: zone ?? "Open", tpp: { ...base, credentialsRef: { name }, ...spec } },
        },
      });
    },
    /** Puts values into a Secret. */
    secret: (name: string, stringData: object) =>
      kube.apply(secrets, {
        ...{ apiVersion: "v1", kind: "Secret", stringData },
        metadata: { namespace, name },
      }),
    /** The values of a Secret. */
    async secretValues(name: string): Promise<Readonly<Record<string, string>>> {
      const { data = {} } = (await kube.get<Secret>(secrets, { namespace, name })) ?? {};
      const decoded = Object.entries(data).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]);
      return Object.fromEntries(decoded);
    },
    /** Creates a request; it does not wait. */
    async ask(
      name: string,
      issuer: string,
      { dnsNames, annotations = {} }: SceneRequest = {},
    ): Promise<void> {
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, dnsNames: dnsNames ?? [`${name}.example.com`] });
      const metadata = { name, namespace, annotations };
      await kube.create(certificateRequests, {
        ...{ apiVersion: "cert-manager.io/v1", kind: "CertificateRequest", metadata },
        spec: {
          issuerRef: { group: venafi.group, kind: "VenafiIssuer", name: issuer },
          ...{ duration: "24h", request: Buffer.from(csr).toString("base64") },
          usages: ["digital signature", "server auth"],
        },
      });
    },
    request,
    /** The message of the request's Ready condition, when its reason is this one. */
    async until(name: string, reason: "Issued" | "Failed" | "Pending", words = ""): Promise<string> {
      const seen = await eventually(
        patience,
        `${name}: ${reason} ${words}`,
        async () => findCondition(await request(name), "Ready"),
        (condition) => condition?.reason === reason && condition.message.includes(words),
      );
      return seen?.message ?? "";
    },
    /** The message of the issuer's Ready condition, when it is so. */
    async issuerIs(name: string, status: "True" | "False", words = ""): Promise<string> {
      const seen = await eventually(
        patience,
        `issuer ${name}: Ready=${status} ${words}`,
        async () => findCondition(await kube.get<IssuerObject>(issuerKind, { namespace, name }), "Ready"),
        (condition) => condition?.status === status && condition.message.includes(words),
      );
      return seen?.message ?? "";
    },
    async [Symbol.asyncDispose]() {
      await running?.stop();
      kube[Symbol.dispose]();
      await cluster.stop();
    },
  };
}

/** What {@link startScene} resolves to. */
export type Scene = Awaited<ReturnType<typeof startScene>>;

/** Tokens as an administrator gets them for a Secret. */
export async function grantOf({ url, caPem, credentials }: Tpp) {
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

/** How often something is in a simulator's ledger. */
export function count({ ledger }: Tpp | VenafiCloud, kind: string): number {
  const entries: readonly { readonly kind: string }[] = ledger.entries;
  return entries.filter((entry) => entry.kind === kind).length;
}

/** The Secret of an issuer that logs in with the simulator's first user, or its API key. */
export function secretOf({ credentials }: Tpp | VenafiCloud): Readonly<Record<string, string>> {
  if ("apiKey" in credentials) return { "api-key": credentials.apiKey };
  const [user] = credentials.users;
  return { username: user?.username ?? "", password: user?.password ?? "" };
}

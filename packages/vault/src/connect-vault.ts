import {
  type ConnectContext,
  Endpoints,
  type HttpClient,
  IssuerError,
  type Signer,
  TokenCache,
} from "@countersign/issuer-signer";
import { caBundlePem } from "@countersign/issuer-signer/spec";
import { authOfSpec } from "./auth/auth-of-spec.ts";
import type { VaultConfigMapRefs, VaultSecretRefs } from "./secret-refs.ts";
import { parseSignPath, type SignPath, signPathOf } from "./sign-path.ts";
import { VaultSigner } from "./signer.ts";
import type { VaultSpec } from "./spec.ts";
import { VaultLogin } from "./vault-login.ts";
import { VaultSession } from "./vault-session.ts";
import { VaultTransport } from "./vault-transport.ts";

/** What the SDK gives for one issuer object. */
export type VaultContext = ConnectContext<{ readonly vault: VaultSpec }, VaultSecretRefs, VaultConfigMapRefs>;

/** What a test may want otherwise. */
export interface ConnectVaultOptions {
  /** For how long `find` looks for what is not there, in milliseconds; 2,000 unless given. */
  readonly settleMs?: number | undefined;
  /** For how long `find` waits for an active server, in milliseconds; 15,000 unless given. */
  readonly electionMs?: number | undefined;
}

/**
 * Puts a signer together; nothing is sent yet.
 *
 * @throws IssuerError that says what in the spec or its Secrets to correct
 */
export function connectVault(context: VaultContext, options: ConnectVaultOptions = {}): Signer {
  const { spec, secrets, issuer, reports, serviceAccountTokens: tokens } = context;
  const { vault } = spec;
  const path = pathOf(vault);
  const servers = (vault.servers ?? [vault.server ?? ""]).map(baseUrl);
  const ca = caBundlePem({
    inline: vault.caBundle,
    secret: secrets.caBundle,
    configMap: context.configMaps.caBundle,
  });
  const trust = { ca, serverName: vault.serverName };
  const http = context.http.with({ ...trust, cert: secrets.clientCert, key: secrets.clientKey });
  const transport = new VaultTransport({ http, servers, namespace: vault.namespace });
  const endpoints = new Endpoints({ urls: servers, onChange: reports.circuit });
  const method = authOfSpec({
    auth: vault.auth,
    secrets,
    issuer,
    servers,
    tokens,
    clientWith: (identity): HttpClient => context.http.with({ ...trust, ...identity }),
  });
  const login =
    typeof method === "string"
      ? method
      : new TokenCache({
          source: new VaultLogin(transport, method),
          clock: { monotonic: () => performance.now() },
          random: Math.random,
        });
  const session = new VaultSession({ transport, endpoints, tokens: login });
  return new VaultSigner({ transport, endpoints, session, path, report: reports.credential, ...options });
}

function pathOf({ path, mount, role, issuerRef, mode }: VaultSpec): SignPath {
  if (path === undefined) return signPathOf({ mount: mount ?? "", role, issuerRef, mode: mode ?? "sign" });
  if (role !== undefined || issuerRef !== undefined || mode !== undefined)
    throw new IssuerError(
      "role, issuerRef and mode belong to mount, and path says all of it. Use path alone, or mount instead of path.",
    );
  return parseSignPath(path);
}

/** Without a slash at the end, since `/v1/…` follows. */
function baseUrl(server: string): string {
  const { search, hash } = new URL(server);
  if (search !== "" || hash !== "")
    throw new IssuerError("A server's URL has a query or a fragment. Give scheme, host and port only.");
  return server.replace(/\/+$/, "");
}

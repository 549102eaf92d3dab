import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newTlsAuthority, type TlsAuthority } from "./vault-ca.ts";
import { startVaultNode, type VaultFlavour, type VaultNode, type VaultTls } from "./vault-node.ts";
import { registerPlugins } from "./vault-plugins.ts";
import {
  expectVault,
  type VaultEndpoint,
  type VaultRequestOptions,
  type VaultResponse,
  vaultRequest,
} from "./vault-request.ts";
import { initialiseVault, unsealVault, untilHealth } from "./vault-seal.ts";

/** Options of {@link startVault}. */
export interface VaultOptions {
  readonly flavour: VaultFlavour;
  /**
   * Plain HTTP unless given. `server`: HTTPS with a certificate for 127.0.0.1 and localhost. `mutual`: besides, no
   * connection without a client certificate of `tlsAuthority`.
   */
  readonly tls?: "server" | "mutual";
}

/** One unsealed server that keeps its data in memory. */
export interface Vault extends VaultEndpoint, AsyncDisposable {
  readonly flavour: VaultFlavour;
  /** The server's binary, which is the command-line client as well. */
  readonly command: string;
  readonly logPath: string;
  /** What issued the server's certificate, and issues those of clients; undefined over plain HTTP. */
  readonly tlsAuthority: TlsAuthority | undefined;
  /** One request as root unless `options` name another token; resolves for every status. */
  request(
    method: string,
    path: string,
    body?: unknown,
    options?: VaultRequestOptions,
  ): Promise<VaultResponse>;
  /** Every request is then answered 503, until {@link unseal}. */
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** Ends the server (SIGTERM unless told otherwise) and removes all that it stored. May be called twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts, initialises and unseals a server; resolves when it serves (about 1 s). The Kubernetes and JWT auth methods can
 * be enabled in both flavours.
 * @throws RigUnavailable when a binary cannot be had; Error with the last log lines when it does not start.
 */
export async function startVault(options: VaultOptions): Promise<Vault> {
  const { flavour } = options;
  const directory = await mkdtemp(join(tmpdir(), `countersign-${flavour}-`));
  const authority = options.tls && newTlsAuthority("vault rig");
  let node: VaultNode | undefined;

  async function stop(signal?: NodeJS.Signals): Promise<void> {
    await node?.stop(signal);
    await rm(directory, { recursive: true, force: true });
  }

  try {
    const tls = authority && (await serverTls(authority, options.tls === "mutual"));
    const started = await startVaultNode({ flavour, directory, tls });
    node = started;
    const { unsealKey, rootToken } = await initialiseVault(started);
    const { address, caPem, clientCertificate, command, logPath } = started;
    const endpoint: VaultEndpoint = { address, caPem, clientCertificate, rootToken };
    await unsealVault(endpoint, unsealKey);
    if (flavour === "vault") await registerPlugins(endpoint, [started.pluginDirectory]);
    return {
      ...endpoint,
      flavour,
      command,
      logPath,
      tlsAuthority: authority,
      request: (...request) => vaultRequest(endpoint, ...request),
      async seal() {
        await expectVault(endpoint, "POST", "sys/seal");
        await untilHealth(endpoint, [503]);
      },
      unseal: () => unsealVault(endpoint, unsealKey),
      stop,
      [Symbol.asyncDispose]: () => stop(),
    };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

/** The TLS of a server of a rig on 127.0.0.1. */
export async function serverTls(authority: TlsAuthority, mutual = false): Promise<VaultTls> {
  const names = { commonName: "vault rig", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  return {
    caPem: authority.caPem,
    server: await authority.issue(names),
    ...(mutual
      ? { mutual: { caPem: authority.caPem, client: await authority.issue({ commonName: "rig" }) } }
      : {}),
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { expectVault, type VaultEndpoint, vaultRequest } from "./vault-request.ts";

const ACTIVE_TIMEOUT_MS = 30_000;

/** What a new Vault hands out once. */
export interface VaultKeys {
  readonly unsealKey: string;
  readonly rootToken: string;
}

/** Initialises a Vault with one unseal key; it is still sealed. Throws where it is initialised already. */
export async function initialiseVault(endpoint: VaultEndpoint): Promise<VaultKeys> {
  const shares = { secret_shares: 1, secret_threshold: 1 };
  const body = await expectVault(endpoint, "POST", "sys/init", shares, { token: "" });
  const { keys_base64, root_token } = body as unknown as {
    readonly keys_base64: readonly [string];
    readonly root_token: string;
  };
  return { unsealKey: keys_base64[0], rootToken: root_token };
}

/** Unseals one server; resolves when it serves as active node or as standby. */
export async function unsealVault(endpoint: VaultEndpoint, unsealKey: string): Promise<void> {
  await expectVault(endpoint, "POST", "sys/unseal", { key: unsealKey }, { token: "" });
  await untilHealth(endpoint, [200, 429]);
}

/** Waits until `sys/health` answers one of these statuses: 200 active, 429 standby, 501 new, 503 sealed. */
export async function untilHealth(endpoint: VaultEndpoint, statuses: readonly number[]): Promise<void> {
  const deadline = Date.now() + ACTIVE_TIMEOUT_MS;
  for (;;) {
    const status = await vaultRequest(endpoint, "GET", "sys/health").then(
      (answer) => answer.status,
      (error: Error) => error.message,
    );
    if (statuses.includes(Number(status))) return;
    if (Date.now() > deadline)
      throw new Error(`${endpoint.address} is not in health ${statuses}, but answers ${status}`);
    await delay(25);
  }
}

import { type Endpoints, IssuerError } from "@countersign/issuer-signer";
import { commonError, optionalError } from "./errors.ts";
import type { SignPath } from "./sign-path.ts";
import { isSuccess, objectField, texts, type VaultAnswer } from "./vault-answer.ts";
import type { VaultSession } from "./vault-session.ts";
import type { VaultTransport } from "./vault-transport.ts";

/** What {@link checkVault} looks at. */
export interface CheckVaultOptions {
  readonly transport: VaultTransport;
  readonly endpoints: Endpoints;
  readonly session: VaultSession;
  readonly path: SignPath;
  readonly signal: AbortSignal;
}

/** A standby answers so, and forwards what it is asked: it is as good as the active server. */
const standby = 429;

/**
 * Resolves when a server works, the token is accepted and its policies allow to sign. Leaves the endpoints at a server
 * that works.
 *
 * @throws what is wrong, as an error of the closed set
 */
export async function checkVault(options: CheckVaultOptions): Promise<void> {
  await checkHealth(options);
  await checkPolicy(options);
}

/** `sys/health` wants no token and is refused inside a namespace. */
async function checkHealth({ transport, endpoints, signal }: CheckVaultOptions): Promise<void> {
  await endpoints.call(
    async (server) => {
      const call = { method: "GET", path: "sys/health", namespaced: false, signal } as const;
      const answer = await transport.call(server, call);
      if (answer.status === standby || answer.status === 473) return;
      // A listener may be closed to it, and a 4xx says nothing: then the login decides.
      const error = answer.status >= 500 || answer.status > 471 ? commonError(answer, false) : undefined;
      if (error !== undefined) throw error;
    },
    { idempotent: true, signal },
  );
}

/** The policies' own word; a token without the `default` policy may not ask for it, which says nothing about signing. */
async function checkPolicy({ session, path, signal }: CheckVaultOptions): Promise<void> {
  const answer = await session.call({
    method: "POST",
    path: "sys/capabilities-self",
    json: { paths: [path.path] },
    mayBeDenied: true,
    signal,
    judge: optionalError,
  });
  const capabilities = isSuccess(answer) ? capabilitiesOn(answer, path.path) : [];
  if (capabilities.length === 0 || capabilities.includes("update") || capabilities.includes("root")) return;
  throw new IssuerError(
    `Vault at ${answer.host} works, but no policy of the issuer's token allows "update" on ${path.path}. Add it to one.`,
  );
}

function capabilitiesOn(answer: VaultAnswer, path: string): readonly string[] {
  const data = objectField(answer, "data");
  return texts(data?.[path] ?? data?.capabilities);
}

import type { SignRequest } from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import type { VaultEndpoint } from "../../../../test/rigs/vault-request.ts";
import { type ConnectOptions, connectTo } from "../connect-fixture.ts";

/** For tests: an issuer connected to a server of the rig, or to several, as core would. */
export function connect(servers: VaultEndpoint | readonly VaultEndpoint[], options: ConnectOptions) {
  const list = "address" in servers ? [servers] : servers;
  const caBundle = list[0]?.caPem;
  return connectTo(
    list.map(({ address }) => address),
    { settleMs: 2_000, electionMs: 15_000, ...(caBundle === undefined ? {} : { caBundle }), ...options },
  );
}

/** For tests: the same with a token, at this path. */
export function connectWithToken(
  servers: VaultEndpoint | readonly VaultEndpoint[],
  path: string,
  token: string,
  vault: Readonly<Record<string, unknown>> = {},
) {
  return connect(servers, {
    vault: { path, auth: { tokenSecretRef: { name: "t" } }, ...vault },
    secrets: { token },
  });
}

/** For tests: a request below example.com, as the role `web` wants it. */
export function webRequest(name = "www", more: SignRequestForOptions = {}): Promise<SignRequest> {
  const host = `${name}.example.com`;
  return signRequestFor({ commonName: host, dnsNames: [host], durationSeconds: 3600, ...more });
}

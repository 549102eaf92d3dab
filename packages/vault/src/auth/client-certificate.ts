import type { HttpClient } from "@countersign/issuer-signer";
import { says } from "../vault-answer.ts";
import type { AuthMethod } from "./auth-method.ts";
import { authMount } from "./mount-path.ts";

/** What {@link clientCertificateAuth} needs. */
export interface ClientCertificateOptions {
  readonly mount: string;
  /** Certificate role; every role is tried unless given. */
  readonly name: string | undefined;
  /** Client with the certificate; undefined where the issuer's transport shows it already. */
  readonly http: HttpClient | undefined;
}

/** TLS client certificate. */
export function clientCertificateAuth({ mount, name, http }: ClientCertificateOptions): AuthMethod {
  const at = authMount(mount);
  return {
    label: `certificate login at ${at}`,
    path: `${at}/login`,
    http,
    credentials: async () => (name === undefined ? {} : { name }),
    hint: (answer) =>
      says(answer, /no client certificate/i) && !says(answer, /invalid certificate/i)
        ? "No client certificate arrived. Check that nothing in front of Vault ends TLS, and that its listener does not disable client certificates."
        : `No role at ${at} accepts the client certificate. Check its CA, its names and the role${name === undefined ? "" : "'s name"}.`,
  };
}

import { parseCertificates } from "@countersign/issuer-core";
import { type ClientAnswer, type ClientCall, callSimulator } from "../simulator-client.ts";
import { startTpp, type Tpp, type TppOptions } from "../start-tpp.ts";

/** For tests: a TPP simulator, and what an issuer does with it. */
export interface TppFixture extends AsyncDisposable {
  readonly tpp: Tpp;
  /** A call without credentials. */
  call(call: ClientCall): Promise<ClientAnswer>;
  /** A grant's answer. */
  login(options?: { readonly client?: string; readonly scope?: string }): Promise<ClientAnswer>;
  /** `POST vedsdk/…` with the first token. */
  sdk(path: string, json: unknown): Promise<ClientAnswer>;
  request(options?: Readonly<Record<string, unknown>>): Promise<ClientAnswer>;
  retrieve(dn: string, options?: Readonly<Record<string, unknown>>): Promise<ClientAnswer>;
}

/** DN of an object in the zone `Open`. */
export const openDn = (name: string) => `\\VED\\Policy\\Open\\${name}`;

export async function startTppFixture(options: TppOptions = {}): Promise<TppFixture> {
  const tpp = await startTpp(options);
  const call = (one: ClientCall) => callSimulator(tpp, one);
  const login: TppFixture["login"] = ({ client = "vcert-sdk", scope = "certificate:manage,revoke" } = {}) => {
    const json = { client_id: client, username: "local:issuer", password: "issuer-password", scope };
    return call({ to: "POST /vedauth/authorize/oauth", json });
  };
  const scope = "certificate:manage,revoke;configuration:manage";
  const bearer: string = (await login({ scope })).json.access_token;
  const sdk: TppFixture["sdk"] = (path, json) => call({ to: `POST /vedsdk/${path}`, bearer, json });
  return {
    tpp,
    call,
    login,
    sdk,
    request: (more = {}) => sdk("certificates/request", { PolicyDN: "\\VED\\Policy\\Open", ...more }),
    retrieve: (dn, more = {}) =>
      sdk("certificates/retrieve", { CertificateDN: dn, Format: "Base64", IncludeChain: true, ...more }),
    [Symbol.asyncDispose]: () => tpp.stop(),
  };
}

/** The certificates of a `CertificateData`. */
export function certificatesOf(answer: ClientAnswer) {
  return parseCertificates(Buffer.from(answer.json.CertificateData, "base64").toString("utf8"));
}

import {
  type HttpClient,
  IssuerError,
  type IssuerIdentity,
  type ServiceAccountTokens,
} from "@countersign/issuer-signer";
import type { VaultSpec } from "../spec.ts";
import { appRoleAuth } from "./app-role.ts";
import type { AuthMethod } from "./auth-method.ts";
import { clientCertificateAuth } from "./client-certificate.ts";
import { jwtAuth } from "./jwt.ts";
import { kubernetesAuth } from "./kubernetes.ts";
import { type LoginJwt, loginAudiences, serviceAccountJwt, storedJwt } from "./login-jwt.ts";
import { staticToken } from "./token.ts";

/** The Secret values that a login may need. */
export interface LoginSecrets {
  readonly token: string | undefined;
  readonly roleId: string | undefined;
  readonly secretId: string | undefined;
  readonly jwt: string | undefined;
  readonly loginCert: string | undefined;
  readonly loginKey: string | undefined;
}

/** What {@link authOfSpec} needs. */
export interface AuthOfSpecOptions {
  readonly auth: VaultSpec["auth"];
  readonly secrets: LoginSecrets;
  readonly issuer: IssuerIdentity;
  readonly servers: readonly string[];
  readonly tokens: ServiceAccountTokens;
  /** A client with this identity instead of the transport's. */
  readonly clientWith: (identity: { readonly cert: string; readonly key: string }) => HttpClient;
}

type JwtSource = NonNullable<VaultSpec["auth"]["kubernetes"] | VaultSpec["auth"]["jwt"]>;

/**
 * How the issuer logs in; a string is a token that is used as it is.
 *
 * @throws IssuerError for credentials that can never work
 */
export function authOfSpec(options: AuthOfSpecOptions): AuthMethod | string {
  const { auth, secrets } = options;
  const { appRole, clientCertificate, kubernetes, jwt } = auth;
  if (secrets.token !== undefined) return staticToken(secrets.token);
  if (appRole !== undefined) {
    const roleId = appRole.roleId ?? secrets.roleId ?? "";
    return appRoleAuth({ mount: appRole.path, roleId, secretId: secrets.secretId ?? "" });
  }
  if (clientCertificate !== undefined) {
    const { mountPath: mount, name } = clientCertificate;
    const { loginCert: cert, loginKey: key } = secrets;
    const http = cert === undefined || key === undefined ? undefined : options.clientWith({ cert, key });
    return clientCertificateAuth({ mount, name, http });
  }
  if (kubernetes !== undefined) {
    const { mountPath: mount, role } = kubernetes;
    return kubernetesAuth({ mount, role, jwt: jwtOf(kubernetes, options) });
  }
  if (jwt !== undefined) {
    const { mountPath: mount, role } = jwt;
    return jwtAuth({ mount, role, jwt: jwtOf(jwt, options) });
  }
  throw new IssuerError("The issuer does not say how to log in. Set one method in auth.");
}

function jwtOf(
  { serviceAccountRef }: JwtSource,
  { secrets, issuer, servers, tokens }: AuthOfSpecOptions,
): LoginJwt {
  if (serviceAccountRef === undefined) return storedJwt(secrets.jwt ?? "");
  const { name, audiences = [] } = serviceAccountRef;
  return serviceAccountJwt({ tokens, name, audiences: loginAudiences(audiences, issuer, servers) });
}

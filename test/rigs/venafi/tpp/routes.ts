import { bearerOf, Refused, type SimulatorAnswer, type SimulatorCall } from "../answer.ts";
import {
  authorizeCertificate,
  authorizeJwt,
  authorizeOauth,
  authorizeToken,
  authorizeVerify,
  revokeToken,
  type TppJwtMapping,
} from "./auth.ts";
import * as config from "./config.ts";
import { browseIdentities, identitySelf, validateIdentity } from "./identities.ts";
import { renewCertificate, resetCertificate, retryCertificate, revokeCertificate } from "./lifecycle.ts";
import { metadataGet, metadataGetItems, metadataSet } from "./metadata.ts";
import { requestCertificate } from "./request.ts";
import { retrieveCertificate } from "./retrieve.ts";
import { certificateDetails, searchCertificates, updateCertificate } from "./search.ts";
import type { TppState } from "./state.ts";

type Handler = (state: TppState, call: SimulatorCall) => SimulatorAnswer | Promise<SimulatorAnswer>;

/** A call of the WebSDK with the scope that the documentation's scope map wants for it. */
interface SdkRoute {
  readonly scope: string;
  readonly handle: Handler;
}

const manage = (handle: Handler): SdkRoute => ({ scope: "certificate:manage", handle });
const any = (handle: Handler): SdkRoute => ({ scope: "", handle });

const sdkRoutes: Readonly<Record<string, SdkRoute>> = {
  "post certificates/checkpolicy": manage(config.checkPolicy),
  "post certificates/request": manage(requestCertificate),
  "post certificates/retrieve": manage(retrieveCertificate),
  "post certificates/reset": manage(resetCertificate),
  "post certificates/retry": manage(retryCertificate),
  "post certificates/renew": manage(renewCertificate),
  "post certificates/revoke": { scope: "certificate:revoke", handle: revokeCertificate },
  "get certificates": { scope: "certificate", handle: searchCertificates },
  "post metadata/get": any(metadataGet),
  "post metadata/getitems": any(metadataGetItems),
  "post metadata/set": any(metadataSet),
  "post config/isvalid": any(config.isValid),
  "post config/dntoguid": any(config.dnToGuid),
  "post config/guidtodn": any(config.guidToDn),
  "post config/readpolicy": { scope: "configuration", handle: config.readPolicy },
  "post config/findpolicy": { scope: "configuration", handle: config.readPolicy },
  "post config/findobjectsofclass": { scope: "configuration", handle: config.findObjects },
  "post identity/browse": any(browseIdentities),
  "post identity/validate": any(validateIdentity),
  "post log": any(() => ({ status: 200, json: { LogResult: 0 } })),
  "get systemstatus/version": any(({ version }) => ({ status: 200, json: { Version: version } })),
  "get identity/self": any((state, call) => {
    const { grant } = state.grants.authenticate(bearerOf(call));
    return identitySelf(grant.user);
  }),
};

/** What a TPP simulator answers to a call; paths in any case, as IIS takes them. */
export class TppRoutes {
  readonly #state: TppState;
  readonly #jwtMappings: readonly TppJwtMapping[];

  constructor(state: TppState, jwtMappings: readonly TppJwtMapping[]) {
    this.#state = state;
    this.#jwtMappings = jwtMappings;
  }

  async answer(call: SimulatorCall): Promise<SimulatorAnswer> {
    const parts = call.segments.map((part) => part.toLowerCase());
    const [service = "", ...rest] = parts.filter((part) => part !== "");
    const route = `${call.method.toLowerCase()} ${rest.join("/")}`;
    const found =
      service === "vedauth"
        ? this.#auth(route, call)
        : service === "vedsdk"
          ? this.#sdk(route, call)
          : undefined;
    return found ?? { status: 404, text: "The resource cannot be found." };
  }

  #auth(route: string, call: SimulatorCall): SimulatorAnswer | undefined {
    const state = this.#state;
    switch (route) {
      case "get authorize/isauthserver":
        return { status: 202, reason: "Venafi Authentication Server" };
      case "post authorize/oauth":
        return authorizeOauth(state, call);
      case "post authorize/certificate":
        return authorizeCertificate(state, call);
      case "post authorize/jwt":
        return authorizeJwt(state, this.#jwtMappings, call);
      case "post authorize/token":
        return authorizeToken(state, call);
      case "get authorize/verify":
        return authorizeVerify(state, call);
      case "get revoke/token":
        return revokeToken(state, call);
      default:
        return undefined;
    }
  }

  #sdk(route: string, call: SimulatorCall): SimulatorAnswer | Promise<SimulatorAnswer> | undefined {
    const state = this.#state;
    if (route === "get ") return { status: 200, text: "" };
    // Removed from the product; the words are this simulator's.
    if (route === "post authorize") {
      const description = "API keys are no longer supported; call POST vedauth/authorize/oauth";
      const json = { error: "unsupported_grant_type", error_description: description };
      return { status: 400, reason: description, json };
    }
    const object = /^(get|put) certificates\/(\{[0-9a-f-]+\})$/.exec(route);
    const known = sdkRoutes[route];
    if (object === null && known === undefined) return undefined;
    const token = bearerOf(call);
    if (token === undefined && call.headers["x-venafi-api-key"] !== undefined)
      throw new Refused({ status: 401, reason: "API key authentication is not supported" });
    state.grants.authorize(token, known?.scope ?? "certificate:manage");
    if (known !== undefined) return known.handle(state, call);
    const guid = object?.[2] ?? "";
    return object?.[1] === "put" ? updateCertificate(state, guid, call) : certificateDetails(state, guid);
  }
}

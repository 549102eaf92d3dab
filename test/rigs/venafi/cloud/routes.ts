import type { SimulatorAnswer, SimulatorCall } from "../answer.ts";
import { uuidOf } from "../guid.ts";
import {
  certificateContents,
  graphql,
  retireCertificates,
  searchCertificates,
  showCertificate,
} from "./certificates.ts";
import { cloudError, knownCodes } from "./error.ts";
import { createRequest, showRequest } from "./requests.ts";
import { applicationId, type CloudState, templatesOf } from "./state.ts";
import { caAccountAnswer, caAccountId, templateAnswer, templateId } from "./template.ts";

/** What a simulator of the SaaS answers to a call. Paths have one case here. */
export async function answerCloud(state: CloudState, call: SimulatorCall): Promise<SimulatorAnswer> {
  const { method, path, segments } = call;
  if (method === "POST" && path === tokenPath(state)) return state.access.token(call);
  const how = state.access.authenticate(call);
  const [service, ...rest] = segments;
  if (service === "graphql" && method === "POST") return graphql(state, call);
  const found =
    service === "outagedetection" && rest[0] === "v1"
      ? outageDetection(state, call, rest.slice(1))
      : service === "v1" && method === "GET"
        ? accounts(state, rest, how)
        : undefined;
  return (await found) ?? { status: 404, json: { message: "no Route matched with those values" } };
}

/** Where JWTs of service accounts are exchanged for access tokens. */
export function tokenPath({ companyId }: Pick<CloudState, "companyId">): string {
  return `/v1/oauth2/v2.0/${companyId}/token`;
}

function outageDetection(
  state: CloudState,
  call: SimulatorCall,
  [collection, ...rest]: readonly string[],
): SimulatorAnswer | Promise<SimulatorAnswer> | undefined {
  const [first = "", second, third = ""] = rest;
  switch (`${call.method} ${collection} ${rest.length}`) {
    case "GET applications 2":
      return first === "name" ? application(state, second ?? "") : undefined;
    case "GET applications 3":
      return second === "certificateissuingtemplates" ? template(state, first, third) : undefined;
    case "POST certificaterequests 0":
      return createRequest(state, call);
    case "GET certificaterequests 1":
      return showRequest(state, first);
    case "GET certificates 1":
      return showCertificate(state, first);
    case "GET certificates 2":
      return second === "contents" ? certificateContents(state, first, call) : undefined;
    case "POST certificates 1":
      return first === "retirement" ? retireCertificates(state, call) : undefined;
    case "POST certificatesearch 0":
      return searchCertificates(state, call);
    default:
      return undefined;
  }
}

function application(state: CloudState, name: string): SimulatorAnswer {
  const aliases = [...templatesOf(state, name).keys()];
  return {
    status: 200,
    json: {
      id: applicationId(name),
      companyId: state.companyId,
      name,
      description: "",
      ownerIdsAndTypes: [{ ownerId: userId, ownerType: "USER" }],
      certificateIssuingTemplateAliasIdMap: Object.fromEntries(
        aliases.map((alias) => [alias, templateId(alias)]),
      ),
    },
  };
}

function template(state: CloudState, name: string, alias: string): SimulatorAnswer {
  const rules = templatesOf(state, name).get(alias);
  if (rules === undefined) {
    const message = `No certificate issuing template with alias ${alias} has been assigned to application with name ${name}`;
    throw cloudError(404, knownCodes.noSuchAlias, message, [alias, name]);
  }
  return { status: 200, json: templateAnswer(alias, rules, state.companyId) };
}

const userId = uuidOf("user issuer@example.com");

function accounts(
  { companyId }: CloudState,
  path: readonly string[],
  how: "key" | "token",
): SimulatorAnswer | undefined {
  const user = {
    username: "issuer@example.com",
    id: userId,
    companyId,
    emailAddress: "issuer@example.com",
    userType: "EXTERNAL",
    userAccountType: "API",
    userStatus: "ACTIVE",
  };
  switch (path.join("/")) {
    case "useraccounts": {
      // Of a person's key only: a service account is no user.
      if (how === "token") return { status: 403, json: { message: "Forbidden" } };
      const company = { id: companyId, name: "Example Corp", companyType: "TPP_CUSTOMER", active: true };
      const apiKey = { username: user.username, apiKeyStatus: "ACTIVE", apiVersion: "ALL" };
      return { status: 200, json: { user, company, apiKey } };
    }
    case `users/${userId}`:
      return { status: 200, json: user };
    case "teams":
      return { status: 200, json: { teams: [] } };
    case `certificateauthorities/BUILTIN/accounts/${caAccountId}`:
      return { status: 200, json: caAccountAnswer() };
    default:
      return undefined;
  }
}

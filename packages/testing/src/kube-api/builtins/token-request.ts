import type { Managers } from "../apply/managers.ts";
import { recordUpdate } from "../apply/own-fields.ts";
import { ISSUER } from "../auth/tokens.ts";
import { invalid } from "../field-error.ts";
import { arrayAt, at, stringAt } from "../json.ts";
import { type KubeObject, kubeTime } from "../kube-object.ts";
import { compileRootSchema } from "../schema/schema.ts";
import { badRequest, conflict, invalidObject, notFound } from "../status-error.ts";
import type { ApiRequest } from "../verbs/api-request.ts";
import { parseJson } from "../verbs/parse-json.ts";
import { withManagers, writing } from "../verbs/track-managers.ts";
import { integer, object, texts } from "./schemas.ts";

const GROUP = "authentication.k8s.io";
const API_VERSION = `${GROUP}/v1`;
const KIND = "TokenRequest";

const schema = compileRootSchema({
  type: "object",
  properties: {
    spec: object({ audiences: texts, expirationSeconds: integer, boundObjectRef: { type: "object" } }),
  },
});

/** Seconds that a token is good for when nothing else is asked, and the least that can be asked. */
const DEFAULT_LIFETIME = 3600;
const MIN_LIFETIME = 600;

/** POST serviceaccounts/NAME/token: a TokenRequest answered with a signed token. */
export function tokenRequest(request: ApiRequest): KubeObject {
  const { state, info, resource, body } = request;
  const given = parseJson(body, (why) => badRequest(`couldn't get version/kind; json parse error: ${why}`));
  const account = resource.store.get(info.namespace, info.name);
  if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, info.name);
  const { uid } = account.object.metadata;
  const claimed = stringAt(given, "metadata", "uid");
  if (claimed && claimed !== uid) {
    const why = `the UID in the token request (${claimed}) does not match the UID of the service account (${uid})`;
    throw conflict({ group: GROUP, resource: KIND }, info.name, why);
  }
  const lifetime = at(given, "spec", "expirationSeconds") ?? DEFAULT_LIFETIME;
  if (typeof lifetime !== "number" || lifetime < MIN_LIFETIME) {
    const detail = "may not specify a duration less than 10 minutes";
    throw invalidObject(KIND, GROUP, "", [invalid("spec.expirationSeconds", lifetime, detail)]);
  }
  const asked = arrayAt(given, "spec", "audiences").map(String);
  const audiences = asked.length > 0 ? asked : [ISSUER];
  const { namespace, name } = info;
  const { token, expires } = state.tokens.issue({ namespace, name, uid, audiences, lifetime });
  const boundObjectRef = at(given, "spec", "boundObjectRef") ?? null;
  const answer: KubeObject = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace, ...(uid !== undefined && { uid }), creationTimestamp: state.now() },
    spec: { audiences, expirationSeconds: lifetime, boundObjectRef },
    status: { token, expirationTimestamp: kubeTime(expires) },
  };
  return withManagers(answer, ownersOf(request, at(given, "spec", "audiences"), lifetime));
}

function ownersOf(request: ApiRequest, audiences: unknown, expirationSeconds: number): Managers {
  const empty: KubeObject = { apiVersion: API_VERSION, kind: KIND, metadata: {}, spec: { audiences: null } };
  const asked = { audiences: audiences ?? null, expirationSeconds };
  const { key, ...rest } = writing(request, "Update");
  const managers: Managers = new Map();
  recordUpdate(empty, { ...empty, spec: asked }, managers, {
    ...rest,
    schema,
    key: { ...key, apiVersion: API_VERSION },
  });
  return managers;
}

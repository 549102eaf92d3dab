import type { Managers } from "../apply/managers.ts";
import { recordUpdate } from "../apply/own-fields.ts";
import { type BoundObject, ISSUER } from "../auth/tokens.ts";
import { invalid } from "../field-error.ts";
import { arrayAt, at, isObject, stringAt } from "../json.ts";
import { type KubeObject, kubeTime } from "../kube-object.ts";
import { badRequest, conflict, invalidObject, notFound } from "../status-error.ts";
import type { ApiRequest } from "../verbs/api-request.ts";
import { decodeBody } from "../verbs/decode-object.ts";
import { parseYamlOrJson } from "../verbs/parse-json.ts";
import { withManagers, writing } from "../verbs/track-managers.ts";
import { type BuiltinDefinition, defineBuiltin } from "./define-builtin.ts";
import { object, text, texts } from "./schemas.ts";

const GROUP = "authentication.k8s.io";
const API_VERSION = `${GROUP}/v1`;
const KIND = "TokenRequest";

/** The kind of the body, which is not that of the resource it is sent to. */
const definition: BuiltinDefinition = {
  group: GROUP,
  plural: "tokenrequests",
  kind: KIND,
  namespaced: true,
  fields: {
    spec: object({
      audiences: texts,
      expirationSeconds: { type: "integer", format: "int64" },
      boundObjectRef: object({ kind: text, apiVersion: text, name: text, uid: text }),
    }),
    status: object({ token: text, expirationTimestamp: text }),
  },
};

/** Seconds that a token is good for when nothing else is asked, and the least and most that can be asked. */
const DEFAULT_LIFETIME = 3600;
const MIN_LIFETIME = 600;
const MAX_LIFETIME = 2 ** 32;

/** Kinds that a token may be bound to, with the resource to look for. */
const BINDABLE: { readonly [kind: string]: string } = { Pod: "pods", Node: "nodes", Secret: "secrets" };

/** POST serviceaccounts/NAME/token: a TokenRequest answered with a signed token. */
export function tokenRequest(request: ApiRequest): KubeObject {
  const { state, info, resource } = request;
  const given = decodeTokenRequest(request);
  const account = resource.store.get(info.namespace, info.name);
  if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, info.name);
  const { uid } = account.object.metadata;
  const claimed = given.metadata.uid;
  if (claimed && claimed !== uid) {
    const why = `the UID in the token request (${claimed}) does not match the UID of the service account (${uid})`;
    throw conflict({ group: GROUP, resource: KIND }, info.name, why);
  }
  const lifetime = readLifetime(given);
  const asked = arrayAt(given, "spec", "audiences").map(String);
  const audiences = asked.length > 0 ? asked : [ISSUER];
  const bound = readBound(request, given);
  const { namespace, name } = info;
  const { token, expires } = state.tokens.issue({ namespace, name, uid, audiences, lifetime, bound });
  const boundObjectRef = at(given, "spec", "boundObjectRef") ?? null;
  const answer: KubeObject = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace, ...(uid !== undefined && { uid }), creationTimestamp: state.now() },
    spec: { audiences, expirationSeconds: lifetime, boundObjectRef },
    status: { token, expirationTimestamp: kubeTime(expires) },
  };
  return withManagers(answer, ownersOf(request, lifetime, boundObjectRef));
}

function decodeTokenRequest(request: ApiRequest): KubeObject {
  const resource = defineBuiltin(definition, request.resource.store);
  return decodeBody({ ...request, resource, version: resource.storageVersion });
}

function readLifetime(given: KubeObject): number {
  const lifetime = at(given, "spec", "expirationSeconds") ?? DEFAULT_LIFETIME;
  const refuse = (detail: string) =>
    invalidObject(KIND, GROUP, "", [invalid("spec.expirationSeconds", lifetime, detail)]);
  if (typeof lifetime !== "number" || lifetime < MIN_LIFETIME)
    throw refuse("may not specify a duration less than 10 minutes");
  if (lifetime > MAX_LIFETIME) throw refuse("may not specify a duration larger than 2^32 seconds");
  return lifetime;
}

/** The object that the token is to die with; undefined when none is named. */
function readBound({ state, info }: ApiRequest, given: KubeObject): BoundObject | undefined {
  const ref = at(given, "spec", "boundObjectRef");
  if (!isObject(ref)) return undefined;
  const part = (field: string) => stringAt(ref, field) ?? "";
  const [kind, name, apiVersion] = [part("kind"), part("name"), part("apiVersion")];
  const resource = apiVersion === "v1" || apiVersion === "" ? BINDABLE[kind] : undefined;
  if (resource === undefined) {
    const type = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`cannot bind token to object of type ${type}, Kind=${kind}`);
  }
  if (name === "") throw badRequest("Name parameter required.");
  const namespace = kind === "Node" ? "" : info.namespace;
  const live = state.registry.find("", resource)?.store.get(namespace, name);
  const uid = live?.object.metadata.uid;
  if (uid === undefined) throw notFound({ group: "", resource }, name);
  if (part("uid") !== "" && part("uid") !== uid) {
    const why = `the UID in the bound object reference (${part("uid")}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", resource: kind }, name, why);
  }
  return { kind, resource, name, uid };
}

function ownersOf(request: ApiRequest, expirationSeconds: number, boundObjectRef: unknown): Managers {
  // Decoding has dropped an empty list of audiences, but whoever sends one owns it.
  const sent = at(parseYamlOrJson(request.body, badRequest), "spec", "audiences") ?? null;
  const empty: KubeObject = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {},
    spec: { audiences: null, boundObjectRef: isObject(boundObjectRef) ? {} : null },
  };
  const { key, ...rest } = writing(request, "Update");
  const managers: Managers = new Map();
  const asked = { ...empty, spec: { audiences: sent, expirationSeconds, boundObjectRef } };
  recordUpdate(empty, asked, managers, {
    ...rest,
    schema: defineBuiltin(definition, request.resource.store).storageVersion.schema,
    key: { ...key, apiVersion: API_VERSION },
  });
  return managers;
}

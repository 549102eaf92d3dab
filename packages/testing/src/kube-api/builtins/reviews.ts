import type { PathAction, ResourceAction } from "../auth/authorizer.ts";
import { ISSUER } from "../auth/tokens.ts";
import type { UserInfo } from "../auth/user.ts";
import { type FieldError, invalid } from "../field-error.ts";
import { arrayAt, at, isObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { invalidObject, type StatusError } from "../status-error.ts";
import type { ApiRequest } from "../verbs/api-request.ts";
import { decodeBody } from "../verbs/decode-object.ts";
import { emptyObject, trackUpdate, withManagers } from "../verbs/track-managers.ts";
import type { BuiltinDefinition } from "./define-builtin.ts";
import { object, text, texts } from "./schemas.ts";

const AUTHORIZATION = "authorization.k8s.io";
const AUTHENTICATION = "authentication.k8s.io";

const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
const resourceAttributes = object({
  namespace: text,
  verb: text,
  group: text,
  version: text,
  resource: text,
  subresource: text,
  name: text,
  fieldSelector: anything,
  labelSelector: anything,
});
const nonResourceAttributes = object({ path: text, verb: text });
const extra = { type: "object", additionalProperties: texts } as const;
const userInfo = object({ username: text, uid: text, groups: texts, extra });

/** SubjectAccessReviews, TokenReviews and their relatives: created, answered, never stored. */
export const reviews: readonly BuiltinDefinition[] = [
  review(
    AUTHORIZATION,
    "subjectaccessreviews",
    "SubjectAccessReview",
    { resourceAttributes, nonResourceAttributes, user: text, groups: texts, uid: text, extra },
    subjectAccess,
  ),
  review(
    AUTHORIZATION,
    "selfsubjectaccessreviews",
    "SelfSubjectAccessReview",
    { resourceAttributes, nonResourceAttributes },
    selfSubjectAccess,
  ),
  {
    ...review(
      AUTHORIZATION,
      "localsubjectaccessreviews",
      "LocalSubjectAccessReview",
      { resourceAttributes, nonResourceAttributes, user: text, groups: texts, uid: text, extra },
      subjectAccess,
    ),
    namespaced: true,
  },
  review(AUTHENTICATION, "tokenreviews", "TokenReview", { token: text, audiences: texts }, tokenReview),
  review(AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview", {}, selfSubject),
];

function review(
  group: string,
  plural: string,
  kind: string,
  spec: BuiltinDefinition["fields"],
  answer: (request: ApiRequest, given: KubeObject) => KubeObject,
): BuiltinDefinition {
  const status = {
    ...object({ allowed: { type: "boolean" }, userInfo }),
    "x-kubernetes-preserve-unknown-fields": true,
  };
  return {
    group,
    plural,
    kind,
    namespaced: false,
    verbs: ["create"],
    fields: { spec: object(spec), status },
    zero:
      kind === "SelfSubjectReview" ? { status: { userInfo: {} } } : { spec: {}, status: zeroStatus(kind) },
    answers: new Map([["", (request: ApiRequest) => answer(request, decodeOwned(request))]]),
  };
}

function zeroStatus(kind: string) {
  return kind === "TokenReview" ? { user: {} } : { allowed: false };
}

/** A review carries managed fields like any object that is created, though it is not kept. */
function decodeOwned(request: ApiRequest): KubeObject {
  const given = decodeBody(request);
  return withManagers(given, trackUpdate(request, emptyObject(request), given));
}

function subjectAccess(request: ApiRequest, given: KubeObject): KubeObject {
  const username = stringAt(given, "spec", "user") ?? "";
  const groups = arrayAt(given, "spec", "groups").map(String);
  if (username === "" && groups.length === 0) {
    throw invalidReview(invalid("spec.user", "", "at least one of user or group must be specified"));
  }
  return decide(request, given, { username, groups });
}

function selfSubjectAccess(request: ApiRequest, given: KubeObject): KubeObject {
  return decide(request, given, request.user);
}

function decide({ state }: ApiRequest, given: KubeObject, user: UserInfo): KubeObject {
  const { allowed, reason } = state.authorizer.decide(user, readAction(given));
  return { ...given, status: { allowed, ...(reason && { reason }) } };
}

function readAction(given: KubeObject): ResourceAction | PathAction {
  const resource = at(given, "spec", "resourceAttributes");
  const path = at(given, "spec", "nonResourceAttributes");
  if (isObject(resource) === isObject(path)) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    throw invalidReview(invalid("spec.resourceAttributes", resource ?? null, detail));
  }
  const part = (name: string) => stringAt(resource ?? path, name) ?? "";
  if (isObject(path)) return { verb: part("verb"), path: part("path") };
  return {
    verb: part("verb"),
    group: part("group"),
    resource: part("resource"),
    subresource: part("subresource"),
    namespace: part("namespace"),
    name: part("name"),
  };
}

/** Errors about access reviews name no kind. */
function invalidReview(error: FieldError): StatusError {
  return invalidObject("", AUTHORIZATION, "", [error]);
}

function tokenReview({ state }: ApiRequest, given: KubeObject): KubeObject {
  const wanted = arrayAt(given, "spec", "audiences").map(String);
  const audiences = wanted.length > 0 ? wanted : [ISSUER];
  const verified = state.tokens.verify(stringAt(given, "spec", "token") ?? "");
  const shared = verified?.audiences.filter((audience) => audiences.includes(audience)) ?? [];
  if (!verified || shared.length === 0) {
    const quote = (list: readonly string[]) => list.map((audience) => JSON.stringify(audience)).join(" ");
    const error = verified
      ? `[invalid bearer token, token audiences [${quote(verified.audiences)}] is invalid for the target audiences [${quote(audiences)}]]`
      : "invalid bearer token";
    return { ...given, status: { user: {}, error } };
  }
  return { ...given, status: { authenticated: true, user: verified.user, audiences: shared } };
}

function selfSubject({ state, user }: ApiRequest, given: KubeObject): KubeObject {
  return {
    ...given,
    metadata: { ...given.metadata, creationTimestamp: state.now() },
    status: { userInfo: user },
  };
}

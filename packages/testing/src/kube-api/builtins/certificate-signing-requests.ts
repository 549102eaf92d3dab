import type { Authorizer } from "../auth/authorizer.ts";
import type { UserInfo } from "../auth/user.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { arrayAt, at, deepEqual, field, isObject, type JsonObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { WriteContext } from "../registry/resource.ts";
import { forbiddenError } from "../status-error.ts";
import { csrColumns } from "./columns.ts";
import { type BuiltinDefinition, pick, readText } from "./define-builtin.ts";
import { certificateProblem, certificateRequestProblem } from "./pkcs10.ts";
import { bytes, integer, listMap, object, text, texts, time } from "./schemas.ts";

const GROUP = "certificates.k8s.io";

const USAGES = new Set([
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
]);

const APPROVAL = ["Approved", "Denied"] as const;
const LASTING = [...APPROVAL, "Failed"] as const;

/** certificates.k8s.io CertificateSigningRequests: spec fixed at creation, approval and status through subresources. */
export const certificateSigningRequests: BuiltinDefinition = {
  group: GROUP,
  plural: "certificatesigningrequests",
  kind: "CertificateSigningRequest",
  shortNames: ["csr"],
  namespaced: false,
  subresources: ["status", "approval"],
  fields: {
    spec: object({
      request: bytes,
      signerName: text,
      expirationSeconds: integer,
      usages: { ...texts, "x-kubernetes-list-type": "atomic" },
      username: text,
      uid: text,
      groups: texts,
      extra: { type: "object", additionalProperties: texts },
    }),
    status: object({
      conditions: listMap(
        ["type"],
        object({
          type: text,
          status: text,
          reason: text,
          message: text,
          lastUpdateTime: time,
          lastTransitionTime: time,
        }),
      ),
      certificate: bytes,
    }),
  },
  columns: csrColumns,
  zero: { spec: { request: null, signerName: "" }, status: {} },
  selectable: { "spec.signerName": readText("spec", "signerName") },
  rules: {
    checkName: () => [],
    prepareCreate,
    prepareUpdate,
    validate,
    admit,
    ignored(subresource) {
      if (subresource === "approval") return { "f:spec": {}, "f:status": { "f:certificate": {} } };
      if (subresource === "status") return { "f:spec": {}, "f:status": { "f:conditions": {} } };
      return { "f:spec": {}, "f:status": {} };
    },
  },
};

function prepareCreate(csr: KubeObject, { user }: WriteContext): KubeObject {
  const { username, uid, groups, extra } = user;
  const { username: _u, uid: _i, groups: _g, extra: _e, ...given } = isObject(csr.spec) ? csr.spec : {};
  const spec = { ...given, groups, username, ...(uid !== undefined && { uid }), ...(extra && { extra }) };
  return { ...csr, spec, status: {} };
}

function prepareUpdate(next: KubeObject, live: KubeObject, { subresource, now }: WriteContext): KubeObject {
  const fixed = { ...next, ...pick(live, "spec") };
  if (subresource === "") return { ...fixed, ...pick(live, "status") };
  const given = isObject(next.status) ? next.status : {};
  const conditions = withTimes(conditionsOf(next), conditionsOf(live), now);
  if (subresource === "approval") {
    const { conditions: _replaced, ...kept } = isObject(live.status) ? live.status : {};
    return { ...fixed, status: { ...kept, ...(conditions.length > 0 && { conditions }) } };
  }
  const preserved = conditions.map((condition) => {
    const old = isApproval(condition)
      ? conditionsOf(live).find(({ type }) => type === condition.type)
      : undefined;
    return old ?? condition;
  });
  const { conditions: _given, ...others } = given;
  return { ...fixed, status: { ...others, ...(conditions.length > 0 && { conditions: preserved }) } };
}

/** The server dates conditions that a client leaves undated; a status that stays keeps its transition time. */
function withTimes(
  conditions: readonly JsonObject[],
  live: readonly JsonObject[],
  now: string,
): JsonObject[] {
  return conditions.map((condition) => {
    const same = live.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
}

function validate(
  csr: KubeObject,
  live: KubeObject | undefined,
  { subresource }: WriteContext,
): FieldError[] {
  const spec = live ? [] : validateSpec(csr);
  return [...spec, ...validateConditions(csr), ...(live ? validateChange(csr, live, subresource) : [])];
}

function validateSpec(csr: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const request = stringAt(csr, "spec", "request") ?? "";
  const problem = certificateRequestProblem(request);
  if (problem !== undefined) errors.push(invalid("spec.request", request, problem));
  const usages = arrayAt(csr, "spec", "usages");
  if (usages.length === 0) errors.push(required("spec.usages"));
  usages.forEach((usage, index) => {
    const path = `spec.usages[${index}]`;
    if (!USAGES.has(String(usage))) errors.push(notSupported(path, usage, [...USAGES]));
    if (usages.indexOf(usage) < index)
      errors.push({ type: "FieldValueDuplicate", field: path, value: usage });
  });
  const signerName = stringAt(csr, "spec", "signerName") ?? "";
  if (signerName === "") errors.push(required("spec.signerName"));
  else if (
    !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(
      signerName,
    )
  ) {
    errors.push(
      invalid(
        "spec.signerName",
        signerName,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    );
  } else if (signerName === "kubernetes.io/legacy-unknown") {
    errors.push(
      invalid("spec.signerName", signerName, "the legacy signerName is not allowed via this API version"),
    );
  }
  const seconds = at(csr, "spec", "expirationSeconds");
  if (typeof seconds === "number" && seconds < 600) {
    errors.push(
      invalid(
        "spec.expirationSeconds",
        seconds,
        "may not specify a duration less than 600 seconds (10 minutes)",
      ),
    );
  }
  return errors;
}

function validateConditions(csr: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const conditions = conditionsOf(csr);
  conditions.forEach(({ type, status }, index) => {
    const path = `status.conditions[${index}]`;
    const allowed = LASTING.some((lasting) => lasting === type) ? ["True"] : ["False", "True", "Unknown"];
    if (!type) errors.push(required(`${path}.type`));
    if (!status) errors.push(required(`${path}.status`));
    else if (!allowed.includes(String(status))) errors.push(notSupported(`${path}.status`, status, allowed));
    if (conditions.findIndex((other) => other.type === type) < index) {
      errors.push({ type: "FieldValueDuplicate", field: `${path}.type`, value: type });
    }
  });
  const second = conditions.filter(isApproval)[1];
  if (second && second.type !== conditions.find(isApproval)?.type) {
    errors.push(
      invalid("status.conditions", second.type, "Approved and Denied conditions are mutually exclusive"),
    );
  }
  return errors;
}

function validateChange(csr: KubeObject, live: KubeObject, subresource: string): FieldError[] {
  const errors: FieldError[] = [];
  const of = (object: KubeObject, type: string) =>
    conditionsOf(object).filter((condition) => condition.type === type);
  for (const type of LASTING) {
    if (of(csr, type).length < of(live, type).length) {
      errors.push(
        forbidden("status.conditions", `updates may not remove a condition of type ${JSON.stringify(type)}`),
      );
    }
  }
  for (const type of subresource === "approval" ? [] : APPROVAL) {
    const [before, after] = [of(live, type), of(csr, type)];
    if (after.length > before.length) {
      errors.push(
        forbidden("status.conditions", `updates may not add a condition of type ${JSON.stringify(type)}`),
      );
    } else if (after.length === before.length && !deepEqual(before, after)) {
      errors.push(
        forbidden("status.conditions", `updates may not modify a condition of type ${JSON.stringify(type)}`),
      );
    }
  }
  const before = stringAt(live, "status", "certificate") ?? "";
  const after = stringAt(csr, "status", "certificate") ?? "";
  if (before === after) return errors;
  const problem = certificateProblem(after);
  if (problem !== undefined) errors.push(invalid("status.certificate", "<certificate data>", problem));
  if (before !== "")
    errors.push(forbidden("status.certificate", "updates may not modify existing certificate content"));
  return errors;
}

/** Approving and signing need a permission for the signer's name besides the one for the endpoint. */
function admit(
  csr: KubeObject,
  live: KubeObject | undefined,
  { user, subresource }: WriteContext,
  authorizer: Authorizer,
): void {
  if (!live || subresource === "") return;
  const signerName = stringAt(live, "spec", "signerName") ?? "";
  const verb = subresource === "approval" ? "approve" : "sign";
  const same = (name: string) => deepEqual(field(csr.status, name), field(live.status, name));
  if (verb === "sign" && same("certificate") && same("conditions")) return;
  if (maySign(authorizer, user, verb, signerName)) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`;
  throw forbiddenError(
    { group: GROUP, resource: "certificatesigningrequests" },
    csr.metadata.name ?? "",
    why,
  );
}

function maySign(authorizer: Authorizer, user: UserInfo, verb: string, signerName: string): boolean {
  const action = { verb, group: GROUP, resource: "signers", subresource: "", namespace: "" };
  const domain = signerName.split("/", 1)[0] ?? "";
  return [signerName, `${domain}/*`].some((name) => authorizer.decide(user, { ...action, name }).allowed);
}

function conditionsOf(csr: KubeObject): JsonObject[] {
  return arrayAt(csr, "status", "conditions").filter(isObject);
}

function isApproval({ type }: JsonObject): boolean {
  return type === "Approved" || type === "Denied";
}

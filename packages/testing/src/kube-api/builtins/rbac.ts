import { checkBindingWrite, checkRoleWrite } from "../auth/check-escalation.ts";
import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { arrayAt, deepEqual, field, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { subdomainProblems } from "../registry/qualified-name.ts";
import { pathSegment } from "../registry/validate-meta.ts";
import { bindingColumns, createdColumns } from "./columns.ts";
import type { BuiltinDefinition } from "./define-builtin.ts";
import { listOf, object, text, texts } from "./schemas.ts";

const group = "rbac.authorization.k8s.io";

const rules = listOf(
  object({ verbs: texts, apiGroups: texts, resources: texts, resourceNames: texts, nonResourceURLs: texts }),
);
const subjects = listOf({
  ...object({ kind: text, apiGroup: text, name: text, namespace: text }),
  "x-kubernetes-map-type": "atomic",
});
const roleRef = {
  ...object({ apiGroup: text, kind: text, name: text }),
  "x-kubernetes-map-type": "atomic",
} as const;
const aggregationRule = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;

function role(plural: string, kind: string, namespaced: boolean): BuiltinDefinition {
  return {
    group,
    plural,
    kind,
    namespaced,
    columns: createdColumns,
    zero: { rules: null },
    fields: { rules, ...(!namespaced && { aggregationRule }) },
    rules: {
      checkName: pathSegment,
      validate: (given) =>
        arrayAt(given, "rules").flatMap((rule, index) => checkRule(rule, `rules[${index}]`, namespaced)),
      admit(given, live, context, authorizer) {
        if (!live || !deepEqual(given.rules, live.rules)) checkRoleWrite(given, context, authorizer);
      },
    },
  };
}

function binding(plural: string, kind: string, namespaced: boolean): BuiltinDefinition {
  return {
    group,
    plural,
    kind,
    namespaced,
    fields: { subjects, roleRef },
    columns: bindingColumns,
    zero: { roleRef: { apiGroup: "", kind: "", name: "" } },
    rules: {
      checkName: pathSegment,
      normalize: withApiGroups,
      validate: checkBinding,
      admit(given, live, context, authorizer) {
        if (!live || !deepEqual(given.subjects, live.subjects)) checkBindingWrite(given, context, authorizer);
      },
    },
  };
}

/** Role, ClusterRole and their bindings. */
export const rbacResources: readonly BuiltinDefinition[] = [
  role("roles", "Role", true),
  role("clusterroles", "ClusterRole", false),
  binding("rolebindings", "RoleBinding", true),
  binding("clusterrolebindings", "ClusterRoleBinding", false),
];

function checkRule(rule: unknown, path: string, namespaced: boolean): FieldError[] {
  const has = (name: string) => arrayAt(rule, name).length > 0;
  const errors: FieldError[] = [];
  if (!has("verbs")) errors.push(required(`${path}.verbs`, "verbs must contain at least one value"));
  if (has("nonResourceURLs")) {
    if (namespaced)
      errors.push(
        invalid(
          `${path}.nonResourceURLs`,
          field(rule, "nonResourceURLs"),
          "namespaced rules cannot apply to non-resource URLs",
        ),
      );
    return errors;
  }
  if (!has("apiGroups"))
    errors.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
  if (!has("resources"))
    errors.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
  return errors;
}

function withApiGroups(given: KubeObject): KubeObject {
  const ref = given.roleRef;
  const refGroup = stringAt(ref, "apiGroup") || group;
  const complete = (subject: unknown) => {
    const kind = stringAt(subject, "kind");
    const needs = (kind === "User" || kind === "Group") && !stringAt(subject, "apiGroup");
    return needs && typeof subject === "object" ? { ...subject, apiGroup: group } : subject;
  };
  return {
    ...given,
    ...(Array.isArray(given.subjects) && { subjects: given.subjects.map(complete) }),
    ...(typeof ref === "object" && ref !== null && { roleRef: { ...ref, apiGroup: refGroup } }),
  };
}

/** This one error shows the server's internal type, whose fields are not renamed for JSON. */
function internalRoleRef(given: KubeObject) {
  const at = (name: string) => stringAt(given, "roleRef", name) ?? "";
  return { APIGroup: at("apiGroup"), Kind: at("kind"), Name: at("name") };
}

function checkBinding(given: KubeObject, live: KubeObject | undefined): FieldError[] {
  const isCluster = given.kind === "ClusterRoleBinding";
  const errors: FieldError[] = [];
  if (live && !deepEqual(given.roleRef, live.roleRef))
    errors.push(invalid("roleRef", internalRoleRef(given), "cannot change roleRef"));
  return [
    ...errors,
    ...checkRoleRef(given, isCluster ? ["ClusterRole"] : ["Role", "ClusterRole"]),
    ...arrayAt(given, "subjects").flatMap((subject, index) =>
      checkSubject(subject, `subjects[${index}]`, isCluster),
    ),
  ];
}

function checkRoleRef(given: KubeObject, kinds: readonly string[]): FieldError[] {
  const part = (name: string) => stringAt(given, "roleRef", name) ?? "";
  const errors: FieldError[] = [];
  if (part("apiGroup") !== group) errors.push(notSupported("roleRef.apiGroup", part("apiGroup"), [group]));
  if (!kinds.includes(part("kind"))) errors.push(notSupported("roleRef.kind", part("kind"), kinds));
  if (part("name") === "") return [...errors, required("roleRef.name")];
  const problems = pathSegment(part("name"));
  return [...errors, ...problems.map((problem) => invalid("roleRef.name", part("name"), problem))];
}

/** The API group of each kind of subject. */
const SUBJECTS: { readonly [kind: string]: string } = { ServiceAccount: "", User: group, Group: group };

function checkSubject(subject: unknown, path: string, isCluster: boolean): FieldError[] {
  const part = (name: string) => stringAt(subject, name) ?? "";
  const [kind, name] = [part("kind"), part("name")];
  const errors: FieldError[] = name === "" ? [required(`${path}.name`)] : [];
  const wanted = SUBJECTS[kind];
  if (wanted === undefined)
    return [...errors, notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"])];
  if (kind === "ServiceAccount") {
    if (name !== "")
      errors.push(...subdomainProblems(name).map((problem) => invalid(`${path}.name`, name, problem)));
    if (isCluster && part("namespace") === "") errors.push(required(`${path}.namespace`));
  }
  if (part("apiGroup") !== wanted) errors.push(notSupported(`${path}.apiGroup`, part("apiGroup"), [wanted]));
  return errors;
}

import { checkBindingWrite, checkRoleWrite } from "../auth/check-escalation.ts";
import { type FieldError, invalid, required } from "../field-error.ts";
import { arrayAt, deepEqual, field, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
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
  const complete = (subject: unknown) => {
    const kind = stringAt(subject, "kind");
    const needs = (kind === "User" || kind === "Group") && !stringAt(subject, "apiGroup");
    return needs && typeof subject === "object" ? { ...subject, apiGroup: group } : subject;
  };
  return {
    ...given,
    ...(Array.isArray(given.subjects) && { subjects: given.subjects.map(complete) }),
    ...(typeof ref === "object" && ref !== null && { roleRef: { apiGroup: group, ...ref } }),
  };
}

/** This one error shows the server's internal type, whose fields are not renamed for JSON. */
function internalRoleRef(given: KubeObject) {
  const at = (name: string) => stringAt(given, "roleRef", name) ?? "";
  return { APIGroup: at("apiGroup"), Kind: at("kind"), Name: at("name") };
}

function checkBinding(given: KubeObject, live: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (live && !deepEqual(given.roleRef, live.roleRef))
    errors.push(invalid("roleRef", internalRoleRef(given), "cannot change roleRef"));
  if (!stringAt(given, "roleRef", "name")) errors.push(required("roleRef.name"));
  arrayAt(given, "subjects").forEach((subject, index) => {
    if (!stringAt(subject, "name")) errors.push(required(`subjects[${index}].name`));
    if (
      stringAt(subject, "kind") === "ServiceAccount" &&
      given.kind === "ClusterRoleBinding" &&
      !stringAt(subject, "namespace")
    ) {
      errors.push(required(`subjects[${index}].namespace`));
    }
  });
  return errors;
}

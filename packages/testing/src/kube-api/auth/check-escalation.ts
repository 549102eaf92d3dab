import { arrayAt, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { WriteContext } from "../registry/resource.ts";
import { forbiddenError } from "../status-error.ts";
import type { Authorizer } from "./authorizer.ts";
import type { UserInfo } from "./user.ts";

const GROUP = "rbac.authorization.k8s.io";

/** Writing a role needs every permission in it, or the verb `escalate` on it. */
export function checkRoleWrite(role: KubeObject, { user }: WriteContext, authorizer: Authorizer): void {
  const resource = role.kind === "ClusterRole" ? "clusterroles" : "roles";
  const { name = "", namespace = "" } = role.metadata;
  if (may(authorizer, user, "escalate", resource, namespace, name)) return;
  requireHeld(authorizer, user, arrayAt(role, "rules"), { resource, namespace, name });
}

/** Writing a binding needs every permission in its role, or the verb `bind` on that role. */
export function checkBindingWrite(binding: KubeObject, { user }: WriteContext, authorizer: Authorizer): void {
  const { name = "", namespace = "" } = binding.metadata;
  const roleName = stringAt(binding, "roleRef", "name") ?? "";
  const roleResource = stringAt(binding, "roleRef", "kind") === "ClusterRole" ? "clusterroles" : "roles";
  if (may(authorizer, user, "bind", roleResource, namespace, roleName)) return;
  const rules = authorizer.rulesOf(roleResource, namespace, roleName);
  const resource = binding.kind === "ClusterRoleBinding" ? "clusterrolebindings" : "rolebindings";
  requireHeld(authorizer, user, rules, { resource, namespace, name });
}

interface Target {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

function may(
  authorizer: Authorizer,
  user: UserInfo,
  verb: string,
  resource: string,
  namespace: string,
  name: string,
) {
  return authorizer.decide(user, { verb, group: GROUP, resource, subresource: "", namespace, name }).allowed;
}

function requireHeld(
  authorizer: Authorizer,
  user: UserInfo,
  rules: readonly unknown[],
  { resource, namespace, name }: Target,
): void {
  const missing = rules.flatMap(singles).filter((single) => !holds(authorizer, user, single, namespace));
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(" ");
  const who = `user ${JSON.stringify(user.username)} (groups=[${groups}])`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.map(describe).join("\n")}`;
  throw forbiddenError({ group: GROUP, resource }, name, why);
}

/** One permission: a rule with a single verb, group, resource and name, or a single verb and path. */
interface Single {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly path: string;
}

function singles(rule: unknown): readonly Single[] {
  const list = (field: string) => arrayAt(rule, field).map(String);
  const names = list("resourceNames");
  const paths = list("nonResourceURLs").flatMap((path) =>
    list("verbs").map((verb) => ({ verb, path, group: "", resource: "", name: "" })),
  );
  const resources = list("verbs").flatMap((verb) =>
    list("apiGroups").flatMap((group) =>
      list("resources").flatMap((resource) =>
        (names.length > 0 ? names : [""]).map((name) => ({ verb, group, resource, name, path: "" })),
      ),
    ),
  );
  return [...paths, ...resources];
}

function holds(authorizer: Authorizer, user: UserInfo, single: Single, namespace: string): boolean {
  const { verb, group, path, name } = single;
  if (path) return authorizer.decide(user, { verb, path }).allowed;
  const [resource = "", subresource = ""] = single.resource.split("/", 2);
  return authorizer.decide(user, { verb, group, resource, subresource, namespace, name }).allowed;
}

function describe({ verb, group, resource, name, path }: Single): string {
  if (path) return `{NonResourceURLs:[${JSON.stringify(path)}], Verbs:[${JSON.stringify(verb)}]}`;
  const names = name ? `, ResourceNames:[${JSON.stringify(name)}]` : "";
  return `{APIGroups:[${JSON.stringify(group)}], Resources:[${JSON.stringify(resource)}]${names}, Verbs:[${JSON.stringify(verb)}]}`;
}

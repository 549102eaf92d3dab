import { arrayAt, at, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Registry } from "../registry/registry.ts";
import { forbiddenError, StatusError } from "../status-error.ts";
import { MASTERS_GROUP, type UserInfo } from "./user.ts";

/** An action on a resource, as RBAC sees it. */
export interface ResourceAction {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for all namespaces and for cluster scope. */
  readonly namespace: string;
  readonly name: string;
}

/** An action on a path outside the resources. */
export interface PathAction {
  readonly verb: string;
  readonly path: string;
}

/** The authorizer's answer; `reason` names the binding and role that allowed it. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

interface Rule {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly names: readonly string[];
  readonly paths: readonly string[];
}

/** A rule that holds for a user: everywhere (empty namespace), or inside one namespace. */
interface Grant {
  readonly namespace: string;
  readonly rule: Rule;
  readonly reason: string;
}

const RBAC = "rbac.authorization.k8s.io";

/**
 * Evaluates RBAC from the Role, ClusterRole and binding objects that the server holds. Aggregated ClusterRoles are not
 * assembled.
 */
export class Authorizer {
  readonly #registry: Registry;
  /** Grants by user, good until any RBAC object changes. */
  #grants = new Map<string, readonly Grant[]>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Forgets what is known: to be called whenever an RBAC object changed. */
  invalidate(): void {
    this.#grants = new Map();
  }

  /** Whether the user may do it. */
  decide(user: UserInfo, action: ResourceAction | PathAction): Decision {
    if (user.groups.includes(MASTERS_GROUP)) return { allowed: true, reason: "" };
    const grant = this.#grantsOf(user).find((candidate) => covers(candidate, action));
    return grant
      ? { allowed: true, reason: `RBAC: allowed by ${grant.reason}` }
      : { allowed: false, reason: "" };
  }

  /** Answers 403, worded as the API server words it, unless the user may do it. */
  require(user: UserInfo, action: ResourceAction | PathAction): void {
    if (this.decide(user, action).allowed) return;
    const who = JSON.stringify(user.username);
    if (!("resource" in action)) {
      throw new StatusError(
        403,
        "Forbidden",
        `forbidden: User ${who} cannot ${action.verb} path ${JSON.stringify(action.path)}`,
        {},
      );
    }
    const { verb, group, resource, subresource, namespace, name } = action;
    const what = subresource ? `${resource}/${subresource}` : resource;
    const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : "at the cluster scope";
    const why = `User ${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
    throw forbiddenError({ group, resource }, name, why);
  }

  /** The rules of a role as they were written; none when there is no such role. */
  rulesOf(plural: "roles" | "clusterroles", namespace: string, name: string): readonly unknown[] {
    const role = this.#registry.find(RBAC, plural)?.store.get(plural === "roles" ? namespace : "", name);
    return arrayAt(role?.object, "rules");
  }

  #grantsOf(user: UserInfo): readonly Grant[] {
    const key = JSON.stringify([user.username, user.groups]);
    const known = this.#grants.get(key);
    if (known) return known;
    const bindings = [...this.#objects("clusterrolebindings"), ...this.#objects("rolebindings")];
    const grants = bindings.flatMap((binding) => {
      const subject = boundSubject(binding, user);
      return subject === undefined ? [] : this.#grantsBy(binding, subject);
    });
    this.#grants.set(key, grants);
    return grants;
  }

  #grantsBy(binding: KubeObject, subject: string): readonly Grant[] {
    const { name = "", namespace = "" } = binding.metadata;
    const roleKind = stringAt(binding, "roleRef", "kind") ?? "";
    const roleName = stringAt(binding, "roleRef", "name") ?? "";
    const plural = roleKind === "ClusterRole" ? "clusterroles" : "roles";
    const reason = `${binding.kind} "${namespace ? `${name}/${namespace}` : name}" of ${roleKind} "${roleName}" to ${subject}`;
    return this.rulesOf(plural, namespace, roleName).map((rule) => ({
      namespace,
      rule: readRule(rule),
      reason,
    }));
  }

  #objects(plural: string): readonly KubeObject[] {
    return (
      this.#registry
        .find(RBAC, plural)
        ?.store.list()
        .map(({ object }) => object) ?? []
    );
  }
}

/** The subject by which a binding holds for a user, as reasons name it; undefined when it does not hold. */
function boundSubject(binding: KubeObject, user: UserInfo): string | undefined {
  for (const subject of arrayAt(binding, "subjects")) {
    const name = stringAt(subject, "name") ?? "";
    const kind = stringAt(subject, "kind");
    if (kind === "User" && name === user.username) return `User "${name}"`;
    if (kind === "Group" && user.groups.includes(name)) return `Group "${name}"`;
    const namespace = stringAt(subject, "namespace") ?? binding.metadata.namespace ?? "";
    if (kind === "ServiceAccount" && user.username === `system:serviceaccount:${namespace}:${name}`) {
      return `ServiceAccount "${name}/${namespace}"`;
    }
  }
  return undefined;
}

function readRule(rule: unknown): Rule {
  const strings = (field: string) => (Array.isArray(at(rule, field)) ? arrayAt(rule, field).map(String) : []);
  return {
    verbs: strings("verbs"),
    groups: strings("apiGroups"),
    resources: strings("resources"),
    names: strings("resourceNames"),
    paths: strings("nonResourceURLs"),
  };
}

function covers({ namespace, rule }: Grant, action: ResourceAction | PathAction): boolean {
  const among = (allowed: readonly string[], wanted: string) =>
    allowed.includes("*") || allowed.includes(wanted);
  if (!among(rule.verbs, action.verb)) return false;
  if (!("resource" in action))
    return namespace === "" && rule.paths.some((path) => matchesPath(path, action.path));
  if (namespace !== "" && namespace !== action.namespace) return false;
  if (!among(rule.groups, action.group)) return false;
  const what = action.subresource ? `${action.resource}/${action.subresource}` : action.resource;
  const ofAny = action.subresource !== "" && rule.resources.includes(`*/${action.subresource}`);
  if (!ofAny && !among(rule.resources, what)) return false;
  return rule.names.length === 0 || rule.names.includes(action.name);
}

function matchesPath(pattern: string, path: string): boolean {
  return (
    pattern === "*" || pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)))
  );
}

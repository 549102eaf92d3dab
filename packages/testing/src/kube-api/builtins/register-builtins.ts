import type { Authorizer } from "../auth/authorizer.ts";
import type { Registry } from "../registry/registry.ts";
import type { Resource } from "../registry/resource.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import { certificateSigningRequests } from "./certificate-signing-requests.ts";
import { configMaps, namespaces, secrets, serviceAccounts } from "./core.ts";
import { customResourceDefinitions } from "./custom-resource-definitions.ts";
import { type BuiltinDefinition, defineBuiltin } from "./define-builtin.ts";
import { eventResources } from "./events.ts";
import { leases } from "./leases.ts";
import { rbacResources } from "./rbac.ts";
import { reviews } from "./reviews.ts";
import { tokenRequest } from "./token-request.ts";

/** The built-in resources that need more than to be registered. */
export interface Builtins {
  readonly namespaces: Resource;
  readonly customResourceDefinitions: Resource;
}

/** Registers every built-in resource, each with a store of its own. */
export function registerBuiltins(
  registry: Registry,
  authorizer: Authorizer,
  newStore: () => ResourceStore,
): Builtins {
  const register = (definition: BuiltinDefinition): Resource => {
    const resource = defineBuiltin(definition, newStore());
    registry.register(resource);
    return resource;
  };
  const registeredNamespaces = register(namespaces);
  for (const definition of [secrets, configMaps]) register(definition);
  register({ ...serviceAccounts, answers: new Map([["token", tokenRequest]]) });
  for (const resource of eventResources(newStore())) registry.register(resource);
  for (const definition of [leases, certificateSigningRequests, ...reviews]) register(definition);
  for (const definition of rbacResources) register(definition).store.subscribe(() => authorizer.invalidate());
  return { namespaces: registeredNamespaces, customResourceDefinitions: register(customResourceDefinitions) };
}

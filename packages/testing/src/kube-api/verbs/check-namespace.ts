import { stringAt } from "../json.ts";
import { forbiddenError, notFound } from "../status-error.ts";
import { type ApiRequest, groupResource } from "./api-request.ts";

/** The NamespaceLifecycle admission rule: a namespaced object is created only in a namespace that exists and stays. */
export function checkNamespaceForCreate(request: ApiRequest): void {
  const { resource, info, state } = request;
  if (!resource.namespaced) return;
  const namespace = state.registry.find("", "namespaces")?.store.get("", info.namespace);
  if (!namespace) throw notFound({ group: "", resource: "namespaces" }, info.namespace);
  if (stringAt(namespace.object, "status", "phase") === "Terminating") {
    const why = `unable to create new content in namespace ${info.namespace} because it is being terminated`;
    throw forbiddenError(groupResource(request), info.name, why);
  }
}

import { issuerRbac } from "@countersign/issuer-core";
import { type Identity, userOf } from "./identities.ts";
import type { LoggedRequest } from "./target.ts";

const reads = new Set(["get", "list", "watch"]);

/** What an identity wrote, in one namespace or at all. */
export function writesOf(
  log: readonly LoggedRequest[],
  identity: Identity,
  namespace?: string,
): readonly LoggedRequest[] {
  return log.filter(
    (request) =>
      request.user === userOf(identity) &&
      !reads.has(request.verb) &&
      (namespace === undefined || request.namespace === namespace),
  );
}

/** `patch certificaterequests/status web-1 200`; without the name for events, whose names are random. */
export function summary({ verb, resource, subresource, name, code }: LoggedRequest): string {
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  return resource === "events" ? `${verb} ${what} ${code}` : `${verb} ${what} ${name} ${code}`;
}

/** `patch cert-manager.io/certificaterequests/status`: one thing that RBAC grants. */
export function usedRight({ verb, group, resource, subresource }: LoggedRequest): string {
  return right(verb, group, subresource === "" ? resource : `${resource}/${subresource}`);
}

/** Everything that the generated RBAC grants to the ServiceAccount of an identity. */
export function grantedRights({ definition, rbac }: Identity): ReadonlySet<string> {
  const manifests = issuerRbac(definition, { ...rbac, approver: false });
  const rules = manifests.flatMap((manifest) => ("rules" in manifest ? manifest.rules : []));
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => right(verb, group, resource))),
      ),
    ),
  );
}

function right(verb: string, group: string, resource: string): string {
  return `${verb} ${group}/${resource}`;
}

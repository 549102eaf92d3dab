import type { Resource, ServedVersion } from "./resource.ts";

/** All resources that the server serves, by group and plural. */
export class Registry {
  readonly #resources = new Map<string, Resource>();

  /** Adds a resource, or replaces one when its definition changed. */
  register(resource: Resource): void {
    this.#resources.set(`${resource.plural}.${resource.group}`, resource);
  }

  /** Removes a resource. */
  unregister(group: string, plural: string): void {
    this.#resources.delete(`${plural}.${group}`);
  }

  /** The resource of a group, whatever the version. */
  find(group: string, plural: string): Resource | undefined {
    return this.#resources.get(`${plural}.${group}`);
  }

  /** The resource and version behind a path, undefined when it is not served. */
  lookup(
    group: string,
    version: string,
    plural: string,
  ): { readonly resource: Resource; readonly version: ServedVersion } | undefined {
    const resource = this.find(group, plural);
    const served = resource?.versions.get(version);
    return resource && served ? { resource, version: served } : undefined;
  }

  /** All resources in the order they were registered. */
  all(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  /** True when built-in resources of this group and version are served. */
  servesBuiltin(group: string, version: string): boolean {
    return this.all().some(
      (resource) => !resource.rules.custom && resource.group === group && resource.versions.has(version),
    );
  }
}

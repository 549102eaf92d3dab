import { refused } from "./objects.ts";
import type { TppPolicy } from "./policy.ts";

const root = "\\VED\\Policy";

/** The policy folders of a TPP by their DN, in which case does not count. */
export class TppFolders {
  readonly #byDn = new Map<string, { readonly dn: string; policy: TppPolicy }>();

  constructor(zones: Readonly<Record<string, TppPolicy>>) {
    for (const [zone, policy] of Object.entries(zones)) this.set(zone, policy);
  }

  get dns(): readonly string[] {
    return [...this.#byDn.values()].map(({ dn }) => dn);
  }

  /** Makes a folder or replaces what it says. A zone may be given without `\VED\Policy`. */
  set(zone: string, policy: TppPolicy): void {
    const dn = policyDn(zone);
    this.#byDn.set(dn.toLowerCase(), { dn, policy });
  }

  remove(zone: string): void {
    this.#byDn.delete(policyDn(zone).toLowerCase());
  }

  find(dn: string): { readonly dn: string; readonly policy: TppPolicy } | undefined {
    return this.#byDn.get(dn.toLowerCase());
  }

  /** Throws the 400 for a folder that is not there. */
  get(dn: string): { readonly dn: string; readonly policy: TppPolicy } {
    const folder = this.find(dn);
    if (folder === undefined) throw refused(`PolicyDN: ${dn} does not exist`);
    return folder;
  }

  /** The folder in which an object is. */
  ofObject(dn: string): { readonly dn: string; readonly policy: TppPolicy } {
    return this.get(dn.slice(0, dn.lastIndexOf("\\")));
  }
}

/** The whole DN of a zone. */
export function policyDn(zone: string): string {
  if (zone.toLowerCase().startsWith(root.toLowerCase())) return zone;
  return `${root}\\${zone.replace(/^\\/, "")}`;
}

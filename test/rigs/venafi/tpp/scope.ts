/** Resources and the privileges on them: `certificate:manage,revoke;configuration` has `manage` and `revoke` of one, none of the other. */
export type TppScope = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads a scope; case does not count. */
export function parseScope(text: string): TppScope {
  const scope = new Map<string, ReadonlySet<string>>();
  for (const part of text.toLowerCase().split(";")) {
    const [resource = "", privileges = ""] = part.trim().split(":");
    if (resource === "") continue;
    const names = privileges.split(",").map((name) => name.trim());
    scope.set(resource, new Set(names.filter((name) => name !== "")));
  }
  return scope;
}

/** Whether all that is asked for is within what is held. */
export function includesScope(held: TppScope, asked: TppScope): boolean {
  return [...asked].every(([resource, privileges]) => {
    const own = held.get(resource);
    return own !== undefined && [...privileges].every((privilege) => own.has(privilege));
  });
}

/** The first `resource:privilege` of `needed` that is not held; undefined where nothing is missing. */
export function missingScope(held: TppScope, needed: string): string | undefined {
  for (const [resource, privileges] of parseScope(needed)) {
    const own = held.get(resource);
    if (own === undefined) return needed;
    for (const privilege of privileges) if (!own.has(privilege)) return `${resource}:${privilege}`;
  }
  return undefined;
}

import { guidOf } from "../guid.ts";
import type { TppUser } from "./grants.ts";

/** `local:{guid}`: how other objects name a user. */
export function universalOf({ username }: TppUser): string {
  return `${prefixOf(username)}:${guidOf(username)}`;
}

/** An entry of `Identity/Self`, `Browse` and `Validate`. */
export function identityEntry(user: TppUser) {
  const { username } = user;
  const name = username.slice(username.indexOf(":") + 1);
  return {
    FullName: `\\VED\\Identity\\${name}`,
    Name: name,
    Prefix: prefixOf(username),
    PrefixedName: username,
    PrefixedUniversal: universalOf(user),
    Type: 1,
    Universal: guidOf(username),
  };
}

function prefixOf(username: string): string {
  const colon = username.indexOf(":");
  return colon < 0 ? "local" : username.slice(0, colon);
}

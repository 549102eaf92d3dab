import { createHash } from "node:crypto";
import type { TppUser } from "./tpp-grants.ts";

/** A GUID in braces that follows from a name, so that a restart changes none. */
export function guidOf(name: string): string {
  const hex = createHash("sha256").update(name.toLowerCase()).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return `{${parts.join("-")}}`;
}

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

import { createHash } from "node:crypto";

/** A GUID in braces that follows from a name, so that a restart changes none. */
export function guidOf(name: string): string {
  const hex = createHash("sha256").update(name.toLowerCase()).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return `{${parts.join("-")}}`;
}

/** The same without braces. */
export function uuidOf(name: string): string {
  return guidOf(name).slice(1, -1);
}

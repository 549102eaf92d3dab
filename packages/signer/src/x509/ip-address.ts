import { isIP } from "node:net";

/** An iPAddress of 4 or 16 octets as text; IPv6 in the form of RFC 5952. */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${octets.subarray(12).join(".")}`;
  let runStart = 0;
  let runLength = 1;
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (groups[i + length] === 0) length += 1;
    if (length > runLength) [runStart, runLength] = [i, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (runLength === 1) return hex.join(":");
  return `${hex.slice(0, runStart).join(":")}::${hex.slice(runStart + runLength).join(":")}`;
}

/** The 4 or 16 octets of an address in text; undefined if it is not one. Zones are not addresses. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes("%")) return undefined;
  if (family === 4) return Uint8Array.from(text.split(".").map(Number));
  const [head = "", tail] = text.split("::");
  const before = ipv6Octets(head);
  const after = ipv6Octets(tail ?? "");
  return Uint8Array.from([
    ...before,
    ...new Array<number>(16 - before.length - after.length).fill(0),
    ...after,
  ]);
}

function ipv6Octets(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

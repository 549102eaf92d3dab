import type { IncomingMessage } from "node:http";

/** What a call is for. */
export type PkiRoute = "check" | "order" | "look" | "find" | "other";

/** One call that reached the PKI, as its access log would have it. */
export interface PkiCall {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly route: PkiRoute;
  /** The key of the order that is made, looked at or sought; undefined where there is none. */
  key: string | undefined;
  /** The `x-caller` header; empty where there is none. */
  readonly caller: string;
  /** The bearer token; empty where there is none. */
  readonly token: string;
  /** HTTP status of the answer; 0 for none, also while the call is under way. */
  status: number;
}

/** Reads what is known of a call before its body has come. */
export function readCall(request: IncomingMessage, now: number): PkiCall {
  const url = new URL(request.url ?? "/", "http://fake-pki");
  const caller = request.headers["x-caller"];
  return {
    time: now,
    route: routeOf(request.method ?? "", url),
    key: url.searchParams.get("key") ?? undefined,
    caller: typeof caller === "string" ? caller : "",
    token: /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "",
    status: 0,
  };
}

/** The last segment of the path: the id of the order in a look. */
export function lastSegment(request: IncomingMessage): string {
  return new URL(request.url ?? "/", "http://fake-pki").pathname.split("/").at(-1) ?? "";
}

function routeOf(method: string, { pathname, searchParams }: URL): PkiRoute {
  if (method === "POST" && pathname === "/orders") return "order";
  if (method !== "GET") return "other";
  if (pathname === "/health") return "check";
  if (pathname === "/orders" && searchParams.has("key")) return "find";
  return pathname.startsWith("/orders/") ? "look" : "other";
}

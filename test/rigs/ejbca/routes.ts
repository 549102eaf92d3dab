import type { Answer } from "./answer.ts";
import { downloadChain, latestCrl, listAuthorities } from "./ca-resources.ts";
import type { Call } from "./call.ts";
import { enrol } from "./enrol.ts";
import { enrolExisting } from "./enrol-existing.ts";
import { finalize } from "./finalize.ts";
import { count, expiring, profileInfo, status } from "./information.ts";
import { JsonObject, readJsonObject } from "./json-body.ts";
import { revocationStatus, revoke } from "./revocation.ts";
import type { Admin } from "./roles.ts";
import { searchV1, searchV2 } from "./search.ts";
import type { World } from "./world.ts";

/** Names of what can be asked; `other` is every path that is no resource. */
export type RouteName =
  | "pkcs10enroll"
  | "certificaterequest"
  | "finalize"
  | "search"
  | "searchV2"
  | "ca"
  | "status"
  | "download"
  | "crl"
  | "revoke"
  | "revocationstatus"
  | "expire"
  | "profile"
  | "count"
  | "other";

/** What a resource gets. */
export interface RouteInput {
  readonly world: World;
  readonly call: Call;
  /** The `:name` segments, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  readonly admin: Admin;
}

/** One resource and method. */
export interface Route {
  readonly name: RouteName;
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  /** Needs no authentication. */
  readonly isOpen?: true | undefined;
  readonly run: (input: RouteInput) => Answer | Promise<Answer>;
}

/** A route and what its path says. */
export interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

const certificate = ({ parameters }: RouteInput) => ({
  issuerDn: parameters.dn ?? "",
  serial: parameters.serial ?? "",
});

const routes: readonly Route[] = Object.freeze([
  {
    name: "status",
    method: "GET",
    path: "v1/ca/status",
    isOpen: true,
    run: ({ world }) => status(world, "1.0"),
  },
  {
    name: "status",
    method: "GET",
    path: "v1/certificate/status",
    isOpen: true,
    run: ({ world }) => status(world, "1.0"),
  },
  {
    name: "status",
    method: "GET",
    path: "v2/certificate/status",
    isOpen: true,
    run: ({ world }) => status(world, "2.0"),
  },
  { name: "ca", method: "GET", path: "v1/ca", run: ({ world, admin }) => listAuthorities(world, admin) },
  {
    name: "download",
    method: "GET",
    path: "v1/ca/:dn/certificate/download",
    run: ({ world, admin, parameters, call }) =>
      downloadChain(world, admin, { dn: parameters.dn ?? "", accept: call.headers.accept }),
  },
  {
    name: "crl",
    method: "GET",
    path: "v1/ca/:dn/getLatestCrl",
    run: ({ world, admin, parameters }) => latestCrl(world, admin, parameters.dn ?? ""),
  },
  {
    name: "pkcs10enroll",
    method: "POST",
    path: "v1/certificate/pkcs10enroll",
    run: ({ world, admin, body }) => enrol(world, admin, body),
  },
  {
    name: "certificaterequest",
    method: "POST",
    path: "v1/certificate/certificaterequest",
    run: ({ world, admin, body }) => enrolExisting(world, admin, body),
  },
  {
    name: "search",
    method: "POST",
    path: "v1/certificate/search",
    run: ({ world, admin, body }) => searchV1(world, admin, body),
  },
  {
    name: "searchV2",
    method: "POST",
    path: "v2/certificate/search",
    run: ({ world, admin, body }) => searchV2(world, admin, body),
  },
  {
    name: "finalize",
    method: "POST",
    path: "v1/certificate/:id/finalize",
    run: ({ world, admin, body, parameters, call }) =>
      finalize(world, admin, { id: parameters.id ?? "", body, origin: call.origin }),
  },
  {
    name: "revocationstatus",
    method: "GET",
    path: "v1/certificate/:dn/:serial/revocationstatus",
    run: (input) => revocationStatus(input.world, input.admin, certificate(input)),
  },
  {
    name: "revoke",
    method: "PUT",
    path: "v1/certificate/:dn/:serial/revoke",
    run: (input) => revoke(input.world, input.admin, certificate(input), input.call.query),
  },
  {
    name: "expire",
    method: "GET",
    path: "v1/certificate/expire",
    run: ({ world, admin, call }) => expiring(world, admin, call.query),
  },
  {
    name: "profile",
    method: "GET",
    path: "v2/certificate/profile/:name",
    run: ({ world, parameters }) => profileInfo(world, parameters.name ?? ""),
  },
  {
    name: "count",
    method: "GET",
    path: "v2/certificate/count",
    run: ({ world, admin, call }) => count(world, admin, call.query),
  },
]);

/** The routes whose path is this one, of any method. */
export function matching(segments: readonly string[]): Match[] {
  return routes.flatMap((route) => {
    const wanted = route.path.split("/");
    if (wanted.length !== segments.length) return [];
    const parameters: Record<string, string> = {};
    for (const [at, part] of wanted.entries()) {
      const given = segments[at] ?? "";
      if (part.startsWith(":")) parameters[part.slice(1)] = given;
      else if (part !== given) return [];
    }
    return [{ route, parameters }];
  });
}

/** Reads the body that the route takes: JSON for POST; the others take none. */
export function bodyFor(route: Route, call: Call): JsonObject {
  return route.method === "POST" ? readJsonObject(call) : new JsonObject({});
}

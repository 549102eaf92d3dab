import { type Answer, errorAnswer, htmlAnswer, Refused } from "./answer.ts";
import { authenticate } from "./authentication.ts";
import type { Call } from "./call.ts";
import { isProtocolOn } from "./protocols.ts";
import type { Admin } from "./roles.ts";
import { bodyFor, matching } from "./routes.ts";
import { pages, texts } from "./texts.ts";
import type { World } from "./world.ts";

/** Where the REST interface is. */
export const restBase = "/ejbca/ejbca-rest-api";

const healthPath = "/ejbca/publicweb/healthcheck/ejbcahealth";

/** Answers one call, in the order in which the real server's filters and frameworks see it. */
export async function answerCall(world: World, call: Call): Promise<Answer> {
  if (call.path === healthPath) return health(world);
  if (call.path !== restBase && !call.path.startsWith(`${restBase}/`)) {
    if (call.path === "/") return htmlAnswer(200, "<!DOCTYPE html>\n<html>…</html>\n", "text/html");
    return htmlAnswer(404, pages.notFound, "text/html");
  }
  if (!call.isEncrypted) return { status: 302, headers: { location: call.secureUrl }, body: "" };
  const segments = restSegments(call);
  if (isBrowser(call) || !isProtocolOn(world.protocols, segments)) return htmlAnswer(403, pages.disabled);
  try {
    return await answerRest(world, call, segments);
  } catch (error) {
    if (error instanceof Refused) return errorAnswer(error.status, error.message);
    throw error;
  }
}

/** The decoded segments of the path below the base; a slash at the end counts for nothing. */
export function restSegments({ path }: Pick<Call, "path">): string[] {
  if (!path.startsWith(restBase)) return [];
  const raw = path
    .slice(restBase.length)
    .split("/")
    .filter((segment) => segment !== "");
  return raw.map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
}

/** Browsers send these headers by themselves, and so does Node's fetch; the custom header shows that a script meant it. */
function isBrowser({ headers }: Call): boolean {
  if (headers["x-keyfactor-requested-with"] !== undefined) return false;
  return headers["sec-fetch-mode"] !== undefined || headers["sec-fetch-dest"] !== undefined;
}

async function answerRest(world: World, call: Call, segments: readonly string[]): Promise<Answer> {
  const candidates = matching(segments);
  if (candidates.length === 0) throw new Refused(404, texts.noResource(`${call.origin}${call.path}`));
  if (call.method === "OPTIONS") throw new Refused(500, texts.generalFailure);
  const method = call.method === "HEAD" ? "GET" : call.method;
  const match = candidates.find(({ route }) => route.method === method);
  if (match === undefined) throw new Refused(405, texts.noMethod(call.method));
  if (!acceptsJson(call.headers.accept)) throw new Refused(406, texts.noMatchForAccept);
  const { route, parameters } = match;
  const body = bodyFor(route, call);
  const admin = route.isOpen === true ? nobody : authenticate(world, call);
  return route.run({ world, call, parameters, body, admin });
}

/** Stands for the caller where nobody asks who that is. */
const nobody: Admin = Object.freeze({ name: "", kind: "certificate", rules: [] });

function acceptsJson(accept = "*/*"): boolean {
  const types = accept.split(",").map((type) => type.split(";")[0]?.trim() ?? "");
  return types.some((type) => ["*/*", "application/*", "application/json"].includes(type));
}

/** Only tokens and the database count here: a CA that is set offline is well. */
function health(world: World): Answer {
  const broken = [...world.authorities.values()].find(
    ({ offline, tokenOffline }) => tokenOffline && !offline,
  );
  if (broken !== undefined) return htmlAnswer(500, pages.tokenDisconnected(broken.name));
  return { status: 200, contentType: "text/plain;charset=ISO-8859-1", body: "ALLOK" };
}

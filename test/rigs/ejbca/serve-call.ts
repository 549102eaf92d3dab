import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { encodePem } from "@countersign/issuer-core";
import type { Authority } from "@countersign/issuer-testing";
import { type Answer, errorAnswer, htmlAnswer, jsonAnswer } from "./answer.ts";
import { badAnswer } from "./bad-answer.ts";
import type { Call, RequestRecord } from "./call.ts";
import { requestBytes } from "./certificate-request.ts";
import type { FaultAction, Faults } from "./faults.ts";
import { clientCertificate } from "./listener.ts";
import { answerCall, restSegments } from "./router.ts";
import { matching, type RouteName } from "./routes.ts";
import { pages, texts } from "./texts.ts";
import type { World } from "./world.ts";

/** What serving needs beside the world. */
export interface ServeOptions {
  readonly world: World;
  readonly faults: Faults;
  readonly requests: RequestRecord[];
  /** Errors that are the simulator's own fault. */
  readonly defects: unknown[];
  /** Another PKI, for bad certificates. */
  readonly foreign: Authority;
  readonly node: number;
  /** Port that plain HTTP is redirected to. */
  readonly httpsPort: () => number;
}

const bodyLimit = 10 * 1024 * 1024;
const cut = Symbol("the connection is cut");

/** The handler of one listener: faults first, then what the real server would say, then faults of the answer. */
export function serveCall(options: ServeOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    response.on("error", () => {});
    serve(options, request)
      .catch((error: unknown) => {
        if (request.destroyed && !request.complete) return cut;
        options.defects.push(error);
        return errorAnswer(500, `The simulator is at fault: ${error}`);
      })
      .then((answer) => {
        if (answer === cut) request.socket.destroy();
        else send(response, answer);
      });
  };
}

async function serve(options: ServeOptions, request: IncomingMessage): Promise<Answer | typeof cut> {
  const { world, faults, requests, node } = options;
  const call = await readCall(options, request);
  const route = routeOf(call);
  const body = parsed(call.body);
  const record: RequestRecord = {
    time: world.now(),
    node,
    method: call.method,
    path: call.path,
    headers: call.headers,
    body,
    status: 0,
  };
  requests.push(record);
  await faults.thaw();
  const action = faults.take({ route, node, body });
  const answer = lifecyclePage(faults) ?? (await withFault(options, { call, route, body, action }));
  if (answer !== cut) record.status = answer.status;
  return answer;
}

interface Served {
  readonly call: Call;
  readonly route: RouteName;
  readonly body: unknown;
  readonly action: FaultAction | undefined;
}

async function withFault(options: ServeOptions, served: Served): Promise<Answer | typeof cut> {
  const { call, route, body, action } = served;
  const { world, foreign, faults } = options;
  switch (action?.kind) {
    case "reset":
      return cut;
    case "hang":
      return new Promise(() => {});
    case "delay":
      await delay(action.ms);
      break;
    case "answer": {
      const { status, body: text = "", contentType = "application/json", headers } = action;
      return { status, contentType, headers, body: text };
    }
    case "alreadyExists":
      return errorAnswer(
        400,
        texts.alreadyExists(`${(body as { username?: unknown } | undefined)?.username}`),
      );
  }
  const good = outageAnswer(faults, call, route) ?? (await answerCall(world, call));
  if (action?.kind === "lose") return cut;
  if (action?.kind === "tamper") return action.answer(good);
  if (action?.kind !== "badCertificate" || good.status !== 201) return good;
  const { certificate_request: text } = body as { readonly certificate_request?: unknown };
  const entry = world.ledger.entries.at(-1);
  const authority = world.authorities.get(entry?.authority ?? "");
  if (authority === undefined) throw new TypeError("Expected the certificate to be in the ledger");
  const csrPem = encodePem("CERTIFICATE REQUEST", requestBytes(text) ?? new Uint8Array());
  return badAnswer(good, { make: action.make, csrPem, authority, foreign, now: world.now() });
}

function lifecyclePage({ lifecycle }: Faults): Answer | undefined {
  if (lifecycle === "suspended") return htmlAnswer(503, pages.unavailable, "text/html");
  if (lifecycle === "undeployed") return htmlAnswer(404, pages.notFound, "text/html");
  if (lifecycle === "starting") return htmlAnswer(500, pages.serverError, "text/html");
  return undefined;
}

const needsDatabase: ReadonlySet<RouteName> = new Set([
  "pkcs10enroll",
  "certificaterequest",
  "finalize",
  "revoke",
  "revocationstatus",
]);

/** What is said without the database. The status resources never notice. */
function outageAnswer(faults: Faults, call: Call, route: RouteName): Answer | undefined {
  const { database, searchFindsNothing } = faults;
  const isSearch = route === "search" || route === "searchV2";
  if (isSearch && (searchFindsNothing || database === "gone")) return emptySearch(route);
  if (database !== "gone" && database !== "goneForLong") return undefined;
  if (call.path.endsWith("/ejbcahealth")) return htmlAnswer(500, pages.databaseGone);
  const fails = needsDatabase.has(route) || (database === "goneForLong" && (isSearch || route === "ca"));
  return fails ? errorAnswer(500, texts.generalFailure) : undefined;
}

function emptySearch(route: RouteName): Answer {
  return jsonAnswer(
    200,
    route === "search"
      ? { certificates: [], more_results: false }
      : { certificates: [], pagination_summary: { page_size: 10, current_page: 1 } },
  );
}

async function readCall({ httpsPort }: ServeOptions, request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length <= bodyLimit) chunks.push(chunk as Buffer);
  }
  const [path = "/", ...query] = (request.url ?? "/").split("?");
  const search = query.length === 0 ? "" : `?${query.join("?")}`;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
  const [host = "localhost"] = (headers.host ?? "localhost").split(":");
  const socket = request.socket as Partial<TLSSocket>;
  return {
    method: request.method ?? "GET",
    path,
    query: new URLSearchParams(search),
    headers,
    body: length <= bodyLimit ? Buffer.concat(chunks) : undefined,
    clientCertificate: clientCertificate(socket),
    isEncrypted: socket.encrypted === true,
    origin: `https://${headers.host ?? "localhost"}`,
    secureUrl: `https://${host}:${httpsPort()}${path}${search}`,
  };
}

function routeOf(call: Call): RouteName {
  const matches = matching(restSegments(call));
  return (matches.find(({ route }) => route.method === call.method) ?? matches[0])?.route.name ?? "other";
}

function parsed(body: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(body ?? []).toString("utf8"));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, contentType, headers, body }: Answer): void {
  const payload = Buffer.from(body);
  response.writeHead(status, {
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...headers,
    "content-length": String(payload.length),
  });
  response.end(payload);
}

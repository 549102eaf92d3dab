import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { authenticate, takePathToken } from "../auth/authenticate.ts";
import type { UserInfo } from "../auth/user.ts";
import type { FaultAction, FaultInjector } from "../faults.ts";
import type { ServerState } from "../server-state.ts";
import { StatusError } from "../status-error.ts";
import { servePath } from "./discovery.ts";
import { readBody } from "./read-body.ts";
import { type RequestInfo, readRequestInfo } from "./request-info.ts";
import type { RequestLog } from "./request-log.ts";
import { sendError } from "./respond.ts";
import { serveResource } from "./serve-resource.ts";

/** What the handler of one server needs. */
export interface HandlerParts {
  readonly state: ServerState;
  readonly faults: FaultInjector;
  readonly log: RequestLog;
}

/** Makes the listener of a node:http server. */
export function createHandler(parts: HandlerParts) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    void handle(parts, request, response);
  };
}

/** Authenticates, authorizes, answers, and logs one request. */
async function handle(
  parts: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { state, faults } = parts;
  const [rawPath = "", search = ""] = (request.url ?? "").split("?", 2);
  const { token, path } = takePathToken(rawPath);
  const query = new URLSearchParams(search);
  const info = readRequestInfo(request.method ?? "GET", path, query);
  const warnings: string[] = [];
  let user: UserInfo | undefined;
  try {
    const body = await readBody(request);
    user = authenticate(request.headers, token, state.tokens, state.authorizer);
    const fault = info.isResource ? faults.decide(info) : undefined;
    if (fault && (await inject(fault))) {
      response.socket?.resetAndDestroy();
      record(parts, request, info, user, 0);
      return;
    }
    state.authorizer.require(user, info);
    if (!info.isResource) {
      servePath(state, info.path, response);
    } else {
      const served = { state, info, user, query, body, request, warnings };
      serveResource(served, response, fault);
    }
    record(parts, request, info, user, fault?.type === "dropResponse" ? 0 : response.statusCode);
  } catch (error) {
    const code = response.headersSent || response.destroyed ? 0 : sendError(response, error, warnings);
    if (code === 413) request.resume();
    record(parts, request, info, user, code);
  }
}

/** Plays the part of a fault that comes before the request is handled. True: reset the connection instead. */
async function inject(fault: FaultAction): Promise<boolean> {
  if (fault.type === "reset") return true;
  if (fault.type === "stall") await delay(fault.ms, undefined, { ref: false });
  if (fault.type === "status") {
    const { code, reason = REASONS[code] ?? "", message = "injected fault", retryAfterSeconds } = fault;
    throw new StatusError(
      code,
      reason,
      message,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }
  return false;
}

const REASONS: { readonly [code: number]: string } = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function record(
  { state, log }: HandlerParts,
  request: IncomingMessage,
  info: RequestInfo,
  user: UserInfo | undefined,
  code: number,
): void {
  const none = { group: "", resource: "", subresource: "", namespace: "", name: "" };
  const { group, resource, subresource, namespace, name } = info.isResource ? info : none;
  log.add({
    time: state.clock(),
    user: user?.username ?? "",
    verb: info.verb,
    group,
    resource,
    subresource,
    namespace,
    name,
    uri: takePathToken(request.url ?? "").path,
    userAgent: request.headers["user-agent"] ?? "",
    code,
  });
}

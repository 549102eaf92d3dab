import type { IncomingMessage, ServerResponse } from "node:http";
import type { UserInfo } from "../auth/user.ts";
import type { FaultAction } from "../faults.ts";
import type { KubeObject } from "../kube-object.ts";
import { readProtobuf } from "../protobuf/read-protobuf.ts";
import type { ServerState } from "../server-state.ts";
import { pathNotFound, protobuf, unsupportedMediaType } from "../status-error.ts";
import { Stored } from "../store/stored.ts";
import type { ApiRequest } from "../verbs/api-request.ts";
import { decodeBody } from "../verbs/decode-object.ts";
import { deleteMany, deleteOne } from "../verbs/delete.ts";
import { list, requireReached } from "../verbs/list.ts";
import { readListOptions, readSelection } from "../verbs/list-options.ts";
import { checkName, patch } from "../verbs/patch.ts";
import { watch } from "../verbs/watch.ts";
import { createObject, requireLive, updateObject, type Written } from "../verbs/write-object.ts";
import { checkWriteOptions } from "../verbs/write-options.ts";
import type { Encoder } from "./encoder.ts";
import { matchResource } from "./match-resource.ts";
import { negotiate } from "./negotiate.ts";
import type { ResourceInfo } from "./request-info.ts";
import { sendJson, sendText, sendYaml } from "./respond.ts";

/** A request for a resource, before the resource is looked up. */
export interface ResourceCall {
  readonly state: ServerState;
  readonly info: ResourceInfo;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly request: IncomingMessage;
  /** Texts for Warning headers, which go out with errors too. */
  readonly warnings: string[];
}

/** An answer to send: a status code and JSON. */
interface Answer {
  readonly code: number;
  readonly json: string;
}

/** Answers a request for a resource. */
export function serveResource(
  call: ResourceCall,
  response: ServerResponse,
  fault: FaultAction | undefined,
): void {
  const { state, info, user, query, request, warnings } = call;
  const found = matchResource(state.registry, info);
  if (!found) {
    sendText(response, 404, "404 page not found\n");
    return;
  }
  const { resource, version } = found;
  const api: ApiRequest = {
    state,
    info,
    resource,
    version,
    user,
    query,
    ...content(call),
    userAgent: request.headers["user-agent"] ?? "",
    warnings,
  };
  if (version.deprecation !== undefined) warnings.push(version.deprecation);
  const include = query.get("includeObject") ?? "Metadata";
  const { encoder, format } = negotiate(request.headers.accept ?? "", resource, version, {
    now: state.clock,
    include,
  });
  if (info.verb === "watch") {
    watch(api, response, encoder, fault?.type === "mute");
    return;
  }
  const { code, json } = answer(api, encoder);
  if (fault?.type === "dropResponse") response.socket?.resetAndDestroy();
  else if (format === "yaml") sendYaml(response, code, json, api.warnings);
  else sendJson(response, code, json, api.warnings);
}

/** The body as text; what comes in Protobuf is JSON from here on. */
function content({ request, info, body }: ResourceCall): Pick<ApiRequest, "contentType" | "body"> {
  const contentType = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (contentType !== protobuf || info.verb === "patch") return { contentType, body: body.toString() };
  return { contentType: "application/json", body: JSON.stringify(readProtobuf(body)) };
}

function answer(api: ApiRequest, encoder: Encoder): Answer {
  const { info, resource } = api;
  if (info.verb === "create" || info.verb === "update" || info.verb === "patch") checkWriteOptions(api);
  switch (info.verb) {
    case "get": {
      requireReached(api, readListOptions(api).revision);
      return { code: 200, json: encoder.object(requireLive(api)) };
    }
    case "list":
      return { code: 200, json: encoder.list(list(api)) };
    case "create":
      return create(api, encoder);
    case "update": {
      requireJson(api);
      const next = decodeBody(api);
      checkName(api, next);
      const live = requireLive(api);
      return written(
        encoder,
        updateObject(api, live, () => ({ next })),
      );
    }
    case "patch":
      return written(encoder, patch(api));
    case "delete": {
      const { object, gone } = deleteOne(api);
      return {
        code: 200,
        json:
          gone && !resource.rules.returnsDeleted
            ? deletedStatus(api, object)
            : encoder.object(new Stored("", object, 0)),
      };
    }
    case "deletecollection": {
      const selects = readSelection(api);
      const items = deleteMany(api, (object) => selects?.(object) ?? true);
      const resourceVersion = String(api.state.revision.current);
      return {
        code: 200,
        json: encoder.list({ items, resourceVersion, continueToken: "", remaining: undefined }),
      };
    }
    default:
      throw pathNotFound();
  }
}

function create(api: ApiRequest, encoder: Encoder): Answer {
  requireJson(api);
  const { info, resource } = api;
  const reply = resource.answers.get(info.subresource);
  if (reply) return { code: 201, json: JSON.stringify(reply(api)) };
  return written(encoder, createObject(api, decodeBody(api)));
}

function requireJson({ contentType }: ApiRequest): void {
  if (contentType !== "" && contentType !== "application/json" && contentType !== "application/yaml") {
    throw unsupportedMediaType(["application/json", "application/yaml", protobuf]);
  }
}

function written(encoder: Encoder, { stored, created }: Written): Answer {
  return { code: created ? 201 : 200, json: encoder.object(stored) };
}

/** What most deletions answer with. */
function deletedStatus({ resource }: ApiRequest, { metadata }: KubeObject): string {
  const { name, uid } = metadata;
  const details = { name, ...(resource.group && { group: resource.group }), kind: resource.plural, uid };
  return `${JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details })}\n`;
}

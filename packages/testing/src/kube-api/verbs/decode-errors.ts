import { badRequest, type StatusError } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";

/** As many bytes of a body are repeated in an error about it. */
const EXCERPT_LENGTH = 30;

/** 400 for a body whose type cannot be told. */
export function unrecognized({ resource, body }: ApiRequest, why: string): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${resource.kind}): ${why} (${excerpt(body)})`,
  );
}

/** 400 for a body that does not fit the Go type of its kind. */
export function cannotHandle({ resource, version }: ApiRequest, why: string): StatusError {
  return badRequest(
    `${resource.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${resource.kind}: ${why}`,
  );
}

/** The beginning of a body: as it is when it is JSON, in hexadecimal digits otherwise. */
export function excerpt(body: string): string {
  if (body === "") return "<empty>";
  const start = body.slice(0, EXCERPT_LENGTH);
  const shown = body.startsWith("{") ? start : Buffer.from(start).toString("hex");
  return body.length > EXCERPT_LENGTH ? `${shown} ...` : shown;
}

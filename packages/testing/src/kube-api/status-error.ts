import { type FieldError, fieldErrorBody, fieldErrorsText } from "./field-error.ts";

/** One entry of `details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `details` of a Status. `kind` holds the plural resource for most reasons and the kind for Invalid, as the real server does. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status of a failure. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Failure";
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** Group and plural of a resource, printed as `plural.group`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** `plural.group`, or `plural` for the core group. */
export function groupResourceName({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource;
}

/** What a handler throws to answer with a metav1.Status. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails, listContinue?: string) {
    super(message);
    this.name = "StatusError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: listContinue === undefined ? {} : { continue: listContinue },
      status: "Failure",
      message,
      ...(reason && { reason }),
      ...(details && { details }),
      code,
    };
  }
}

function detailsOf(
  { group, resource }: GroupResource,
  name: string,
  extra?: Partial<StatusDetails>,
): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), ...(resource && { kind: resource }), ...extra };
}

/** 400 with a free text. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 404 of a named object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${groupResourceName(resource)} ${JSON.stringify(name)} not found`,
    detailsOf(resource, name),
  );
}

/** 404 of a path that no API serves. */
export function pathNotFound(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 409 of a create whose name is taken. */
export function alreadyExists(resource: GroupResource, name: string, isDeleting = false): StatusError {
  const message = `${isDeleting ? "object is being deleted: " : ""}${groupResourceName(resource)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(resource, name));
}

/** 409 of a write that lost a race or missed a precondition. */
export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResourceName(resource)} ${JSON.stringify(name)}: ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(resource, name));
}

/** 403 of the authorizer or of an admission rule. */
export function forbiddenError(resource: GroupResource, name: string, why: string): StatusError {
  const subject = groupResourceName(resource);
  const what = name ? `${subject} ${JSON.stringify(name)}` : subject;
  return new StatusError(403, "Forbidden", `${what} is forbidden: ${why}`, detailsOf(resource, name));
}

/** 422 with one cause per violation. `kind` is printed as `Kind.group`. */
export function invalidObject(
  kind: string,
  group: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes = errors.map((error) => ({
    reason: error.type,
    message: fieldErrorBody(error),
    field: error.field,
  }));
  const qualified = group ? `${kind}.${group}` : kind;
  const message = `${qualified} ${JSON.stringify(name)} is invalid: ${fieldErrorsText(errors)}`;
  return new StatusError(422, "Invalid", message, detailsOf({ group, resource: kind }, name, { causes }));
}

/** 405 of a verb that a custom resource does not offer. */
export function methodNotSupported(resource: GroupResource, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${JSON.stringify(groupResourceName(resource))}`;
  return new StatusError(405, "MethodNotAllowed", message, detailsOf(resource, ""));
}

/** 405 of a method that the path does not offer. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

/** 410: the resourceVersion or continue token is older than the history kept. */
export function expired(message: string, listContinue?: string): StatusError {
  return new StatusError(410, "Expired", message, undefined, listContinue);
}

/** 415 listing what the server would have taken. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

/** The media type in which kube-apiserver reads and writes its own kinds as well. */
export const protobuf = "application/vnd.kubernetes.protobuf";

/** 415 in words of our own: kube-apiserver reads it, and its list of media types would send people round in circles. */
export function protobufNotRead(kind: string): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the embedded Kubernetes API does not read ${kind} in Protobuf: send it as JSON, such as by \`kubectl create -f\``,
  );
}

/** 500 with the server's usual wording. */
export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

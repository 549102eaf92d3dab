/** metav1.StatusDetails: what the API server says an error is about. */
export interface KubeErrorDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** What {@link KubeApiError} is made from. */
export interface KubeApiErrorOptions {
  /** HTTP status code, or the `code` of the Status in a watch's ERROR event. */
  readonly status: number;
  /** metav1.StatusReason, such as `NotFound`; empty when the answer was not a Status. */
  readonly reason: string;
  /** The server's own words. */
  readonly message: string;
  /** What was asked, such as `GET /api/v1/secrets`. */
  readonly request: string;
  readonly details?: KubeErrorDetails | undefined;
  /** The wait that the server asks for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** The API server answered, and the answer is an error. Recognised by `code: "KUBE_API"`. */
export class KubeApiError extends Error {
  override readonly name = "KubeApiError";
  readonly code = "KUBE_API";
  readonly status: number;
  readonly reason: string;
  readonly request: string;
  readonly details: KubeErrorDetails | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(options: KubeApiErrorOptions) {
    super(options.message);
    this.status = options.status;
    this.reason = options.reason;
    this.request = options.request;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether the error is an answer of the API server, optionally with one of the given status codes. */
export function isKubeApiError(error: unknown, ...statuses: readonly number[]): error is KubeApiError {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "KUBE_API") return false;
  return statuses.length === 0 || ("status" in error && statuses.includes(error.status as number));
}

const maxMessageLength = 1024;

/**
 * The error for an answer: from its metav1.Status where the body is one, else from the status code alone, since a proxy's
 * error page says nothing that belongs in a condition.
 */
export function kubeApiError(
  status: number,
  body: unknown,
  request: string,
  retryAfterMs?: number | undefined,
): KubeApiError {
  if (!isStatus(body)) {
    return new KubeApiError({
      status,
      reason: "",
      request,
      message: `the Kubernetes API answered ${request} with HTTP ${status}`,
      retryAfterMs,
    });
  }
  const details = isRecord(body.details) ? (body.details as KubeErrorDetails) : undefined;
  const seconds = details?.retryAfterSeconds;
  const text = typeof body.message === "string" && body.message !== "" ? body.message : `HTTP ${status}`;
  return new KubeApiError({
    status: typeof body.code === "number" && body.code > 0 ? body.code : status,
    reason: typeof body.reason === "string" ? body.reason : "",
    request,
    message: text.slice(0, maxMessageLength),
    details,
    retryAfterMs: retryAfterMs ?? (typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined),
  });
}

/** `Retry-After` in milliseconds; the API server sends whole seconds only (RFC 9110 §10.2.3). */
export function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isStatus(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && value.kind === "Status";
}

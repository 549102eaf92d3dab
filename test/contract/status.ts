/** The Status object of a failed request, exactly as the API server words it. */
export function status(code: number, reason: string, message: string, details?: unknown): unknown {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
}

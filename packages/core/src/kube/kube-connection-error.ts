/** There is no usable description of how to reach an API server; the message is one line that says what to correct. */
export class KubeConnectionError extends Error {
  override readonly name = "KubeConnectionError";
  readonly code = "KUBE_CONNECTION";
}

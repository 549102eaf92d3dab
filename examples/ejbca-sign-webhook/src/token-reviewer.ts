import type { KubeTransport } from "@countersign/issuer-core/kube";
import type { ReviewToken, TokenReviewStatus } from "@countersign/issuer-webhook/server";

/** Has tokens reviewed by the API server. Needs `create` on `tokenreviews` of `authentication.k8s.io`. */
export function tokenReviewer(transport: KubeTransport): ReviewToken {
  return async (token, audiences, signal) => {
    const review = await transport.request<{ readonly status?: TokenReviewStatus }>({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences },
      },
      signal,
      timeoutMs: 5_000,
    });
    return review.status ?? {};
  };
}

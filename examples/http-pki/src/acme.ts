import { defineIssuer, issued, pending, RequestRejected, secretKeyRef } from "@countersign/issuer-core";
import { z } from "zod";

const order = z.object({ id: z.string(), state: z.string(), pem: z.string(), reason: z.string() });

export const acme = defineIssuer({
  group: "pki.example.com",
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({ url: z.url(), tokenSecretRef: secretKeyRef({ defaultKey: "token" }) }),
  secrets: (spec) => ({ token: spec.tokenSecretRef }),
  operation: z.object({ id: z.string() }),
  connect: ({ spec, secrets, http }) => ({
    idempotent: true,
    check: ({ signal }) => http.get(`${spec.url}/health`, { bearer: secrets.token, signal }),
    async sign(request, { operation, signal, attemptId }) {
      const options = { bearer: secrets.token, signal, parse: order };
      const { state, id, pem, reason } = operation
        ? await http.get(`${spec.url}/orders/${operation.id}`, options)
        : await http.post(`${spec.url}/orders`, { ...options, json: { csr: request.csr, key: attemptId } });
      if (state === "pending") return pending({ operation: { id }, retryAfterMs: 1000 });
      if (state === "rejected") throw new RequestRejected(reason);
      return issued({ chain: pem });
    },
  }),
});

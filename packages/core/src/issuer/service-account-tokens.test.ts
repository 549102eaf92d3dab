import { RetryableError, signerErrorCode } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { kubeApiError } from "../kube/kube-api-error.ts";
import { KubeNetworkError } from "../kube/kube-network-error.ts";
import type { KubeRequest, KubeTransport } from "../kube/transport.ts";
import { noServiceAccountTokens, serviceAccountTokens } from "./service-account-tokens.ts";

const { signal } = new AbortController();
const request = { name: "pki-login", audiences: ["vault://team/acme"], signal };

/** The tokens of namespace `team` from an API server that gives this answer, and what it was asked. */
function tokensFrom(answer: () => unknown) {
  const asked: KubeRequest[] = [];
  const transport: Pick<KubeTransport, "request"> = {
    request: async <T>(options: KubeRequest) => {
      asked.push(options);
      return answer() as T;
    },
  };
  return { asked, tokens: serviceAccountTokens(transport, "team") };
}

function failingWith(status: number, message = "", retryAfterMs?: number) {
  const error = kubeApiError(status, { kind: "Status", message, code: status }, "POST /x", retryAfterMs);
  return tokensFrom(() => {
    throw error;
  }).tokens;
}

async function failureOf(call: Promise<unknown>): Promise<Error> {
  const outcome = await call.catch((error: unknown) => error);
  if (!(outcome instanceof Error)) throw new Error("it did not fail");
  return outcome;
}

describe("serviceAccountTokens", () => {
  test("asks for a token in the namespace that they are of, for 10 minutes unless told", async () => {
    const { tokens, asked } = tokensFrom(() => ({
      status: { token: "ey.J.x", expirationTimestamp: "2026-05-01T12:10:00Z" },
    }));
    expect(await tokens.request(request)).toEqual({
      token: "ey.J.x",
      expiresAt: Date.parse("2026-05-01T12:10:00Z"),
    });
    await tokens.request({ ...request, expirationSeconds: 3600 });
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/team/serviceaccounts/pki-login/token",
      body: { kind: "TokenRequest", spec: { audiences: ["vault://team/acme"], expirationSeconds: 600 } },
      signal,
    });
    expect(asked[1]?.body).toMatchObject({ spec: { expirationSeconds: 3600 } });
  });

  test("says what is missing when it is forbidden, and names the ServiceAccount", async () => {
    const error = await failureOf(failingWith(403, "cannot create").request(request));
    expect(signerErrorCode(error)).toBe("ISSUER");
    expect(error.message).toBe(
      'Not allowed to request tokens of ServiceAccount team/pki-login. Grant the controller "create" on "serviceaccounts/token" there.',
    );
  });

  test.each([
    [404, "ServiceAccount team/pki-login not found. Create it."],
    [422, "spec.expirationSeconds: Invalid value: 1"],
    [400, "spec.expirationSeconds: Invalid value: 1"],
  ])("is the issuer's fault after %d", async (status, words) => {
    const error = await failureOf(
      failingWith(status, "spec.expirationSeconds: Invalid value: 1").request(request),
    );
    expect(signerErrorCode(error)).toBe("ISSUER");
    expect(error.message).toContain(words);
  });

  test.each([429, 500, 503, 401])("may be tried again after %d: the PKI was not asked", async (status) => {
    const error = await failureOf(failingWith(status, "busy", 3_000).request(request));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true, retryAfterMs: 3_000 });
    expect(error.message).toContain(`HTTP ${status}`);
  });

  test("may be tried again when there is no answer, or one without a token", async () => {
    const network = new KubeNetworkError("refused", "The Kubernetes API at https://k refuses connections.");
    const none = tokensFrom(() => {
      throw network;
    });
    expect(await failureOf(none.tokens.request(request))).toMatchObject({
      code: "RETRYABLE",
      issuedNothing: true,
      message: network.message,
    });
    for (const answer of [
      undefined,
      { status: { token: "" } },
      { status: { token: "t", expirationTimestamp: "x" } },
    ]) {
      const error = await failureOf(tokensFrom(() => answer ?? {}).tokens.request(request));
      expect(error).toBeInstanceOf(RetryableError);
    }
  });

  test("passes an abort on", async () => {
    const reason = new Error("stopped");
    const { tokens } = tokensFrom(() => {
      throw reason;
    });
    expect(await failureOf(tokens.request(request))).toBe(reason);
  });

  test.each([
    [{ ...request, audiences: [] }, "needs an audience"],
    [{ ...request, audiences: [""] }, "needs an audience"],
    [{ ...request, name: "../../secrets" }, "names no ServiceAccount"],
    [{ ...request, name: "" }, "names no ServiceAccount"],
  ])("refuses %j before it asks", async (wrong, words) => {
    const { tokens, asked } = tokensFrom(() => ({}));
    const error = await failureOf(tokens.request(wrong));
    expect(signerErrorCode(error)).toBe("ISSUER");
    expect(error.message).toContain(words);
    expect(asked).toEqual([]);
  });

  test("are not there for a definition that does not say that it needs them", async () => {
    const error = await failureOf(noServiceAccountTokens.request(request));
    expect(signerErrorCode(error)).toBe("ISSUER");
    expect(error.message).toContain("requestsTokens: true");
  });
});

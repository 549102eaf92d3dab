import { expect, test } from "vitest";
import { isKubeNetworkError, kubeNetworkError } from "./kube-network-error.ts";

const of = (code: string) => Object.assign(new Error("low level"), { code });

test.each([
  ["ECONNREFUSED", "refused", /Check that it is running/],
  ["ENOTFOUND", "dns", /does not resolve.*Check the address and DNS/],
  ["EAI_AGAIN", "dns", /does not resolve/],
  ["EHOSTUNREACH", "unreachable", /Check the network, VPN and network policies/],
  ["ETIMEDOUT", "timeout", /did not accept the connection in time/],
  ["SELF_SIGNED_CERT_IN_CHAIN", "certificate", /Check the CA bundle/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate", /for another name/],
  ["CERT_HAS_EXPIRED", "certificate", /not valid now.*Check it and the clock/],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "client-certificate", /Check the client certificate/],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls", /does not speak TLS as expected/],
  ["ECONNRESET", "reset", /closed the connection before its answer was complete/],
  ["EPIPE", "reset", /closed the connection/],
  ["HPE_INVALID_CONSTANT", "protocol", /does not speak HTTP as expected/],
  ["ESOMETHING", "reset", /failed \(ESOMETHING\)/],
])("%s is %s", (code, failure, message) => {
  const error = kubeNetworkError(of(code), "https://api:6443", false);
  expect(error).toMatchObject({ code: "KUBE_NETWORK", failure, message: expect.stringMatching(message) });
  expect(error.message).toContain("https://api:6443");
  expect(error.message).not.toContain("\n");
  expect(error.cause).toMatchObject({ code });
});

test("several addresses that fail count as the first", () => {
  const error = new AggregateError([of("ECONNREFUSED"), of("EHOSTUNREACH")]);
  expect(kubeNetworkError(error, "https://api", false).failure).toBe("refused");
});

test("a reset after the head of an answer is a truncated answer", () => {
  expect(kubeNetworkError(of("ECONNRESET"), "https://api", true).failure).toBe("truncated");
});

test("is made once, and recognised by code", () => {
  const error = kubeNetworkError(of("ECONNRESET"), "https://api", false);
  expect(kubeNetworkError(error, "https://other", true)).toBe(error);
  expect(isKubeNetworkError(Object.assign(new Error("x"), { code: "KUBE_NETWORK" }))).toBe(true);
  expect(isKubeNetworkError(of("ECONNRESET"))).toBe(false);
});

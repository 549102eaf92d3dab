import { expect, test } from "vitest";
import { certificateProblem, certificateRequestProblem } from "./pkcs10.ts";

/** Made by `openssl req -new` from an EC P-256 and an Ed25519 key. */
const EC = `-----BEGIN CERTIFICATE REQUEST-----
MIHIMHECAQAwDzENMAsGA1UEAwwEZGVtbzBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABLAYrozusTjSrS8qWq75MoFBpsaRuxtNMKQLBFV6oSJl7RULZ18SRigyfTbN
G399I9ahx0wLHINKc2W6bi1wUTKgADAKBggqhkjOPQQDAgNHADBEAiBmMvGT5VOI
wz73vHoyINUpega67YOA5z+SqkCaqZyFaAIgdk4vXDZcF9hwd3+qfONWpsrQs2Wn
fLY0B1EhmEAHCXE=
-----END CERTIFICATE REQUEST-----
`;
const ED25519 = `-----BEGIN CERTIFICATE REQUEST-----
MIGOMEICAQAwDzENMAsGA1UEAwwEZGVtbzAqMAUGAytlcAMhAH7myJT+3Zn8IPNV
199cNCVbUjG+VDmQIZnzBn2hgnjIoAAwBQYDK2VwA0EAHXwh1TfMkC11wOS4vU3+
RmQnbT9Q/8TfS5P29s29o5gCXgATJAFIiiqXGTEeLZk+Lezz6Pb3qUoTE7ae1PxL
Dw==
-----END CERTIFICATE REQUEST-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUCe3lXf9wg3QTgWGv+KhwRKqZiz4wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEZGVtbzAgFw0yNjExMjQxMDI3MjJaGA8yMTI2MTAzMTEwMjcy
MlowDzENMAsGA1UEAwwEZGVtbzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLAY
rozusTjSrS8qWq75MoFBpsaRuxtNMKQLBFV6oSJl7RULZ18SRigyfTbNG399I9ah
x0wLHINKc2W6bi1wUTKjUzBRMB0GA1UdDgQWBBQG/1N9a+ZyHtmkoRVbw+pu7dOq
WjAfBgNVHSMEGDAWgBQG/1N9a+ZyHtmkoRVbw+pu7dOqWjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIBaeFmtbkVq8AnhHf9FjaNX8hKl0BYyicZpZ
J51Er40YAiEA2T+Gfjg83AOb6aDyGrDs+iqOaRN5rQFwqIZCnfVEanM=
-----END CERTIFICATE-----
`;

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The request with one bit of its body changed. */
function forged(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  der[20] = (der[20] ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
}

test.each([
  ["EC", EC],
  ["Ed25519", ED25519],
])("takes a request whose %s signature verifies, and no other", (_name, pem) => {
  expect(certificateRequestProblem(base64(pem))).toBeUndefined();
  expect(certificateRequestProblem(base64(forged(pem)))).toBe("x509: signature verification failed");
});

test("refuses what is no certificate request", () => {
  expect(certificateRequestProblem("")).toBe("PEM block type must be CERTIFICATE REQUEST");
  expect(certificateRequestProblem(base64(CERTIFICATE))).toBe("PEM block type must be CERTIFICATE REQUEST");
  expect(certificateRequestProblem(base64(EC.replace("MIHI", "MIHJ")))).toMatch(/^asn1: structure error/);
});

test("takes certificates only as a certificate", () => {
  expect(certificateProblem("")).toBeUndefined();
  expect(certificateProblem(base64(`${CERTIFICATE}${CERTIFICATE}`))).toBeUndefined();
  expect(certificateProblem(base64("no PEM"))).toBe("must contain at least one CERTIFICATE PEM block");
  expect(certificateProblem(base64(`${CERTIFICATE}${EC}`))).toContain(
    "only CERTIFICATE PEM blocks are allowed",
  );
  expect(certificateProblem(base64(CERTIFICATE.replace("MIIB", "MIIC")))).toBe("x509: malformed certificate");
});

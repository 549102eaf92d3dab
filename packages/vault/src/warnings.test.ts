import { parseCsr } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { expect, test } from "vitest";
import { fakeRoot, fakeSign } from "./fake-pki-fixture.ts";
import { policyCondition } from "./warnings.ts";

const root = fakeRoot();

test("says nothing of a certificate that is as asked for, back-dated by half a minute", async () => {
  const request = await signRequestFor({ commonName: "a", durationSeconds: 3600 });
  const leaf = await fakeSign(root, { csr: request.parsedCsr, seconds: 3630 });
  expect(policyCondition(request, leaf)).toBeUndefined();
  expect(
    policyCondition(request, await fakeSign(root, { csr: request.parsedCsr, seconds: 3599 })),
  ).toBeUndefined();
});

test("names what was shortened", async () => {
  const request = await signRequestFor({ durationSeconds: 90 * 86_400 });
  const leaf = await fakeSign(root, { csr: request.parsedCsr, seconds: 259_230 });
  expect(policyCondition(request, leaf)).toMatchObject({
    reason: "LifetimeShortened",
    message: expect.stringContaining("from 2160 h to 72 h"),
  });
});

/** Subject `O=Acme\, Inc.,CN=a` of an ECDSA key, made by OpenSSL. */
const organisation = parseCsr(`-----BEGIN CERTIFICATE REQUEST-----
MIIBCDCBrgIBADAhMRMwEQYDVQQKDApBY21lLCBJbmMuMQowCAYDVQQDDAFhMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4MX8q1sNkKDykXFlRWLF42GbCRKyeeeA
6j3EqgL7HSzqsB4b9Akn2fnyjCHl76N+TfS1nP4AjpCnBWVo5mxun6ArMCkGCSqG
SIb3DQEJDjEcMBowGAYDVR0RBBEwD4INYS5leGFtcGxlLmNvbTAKBggqhkjOPQQD
AgNJADBGAiEA5tWoh9JMkWDGk2Sg703f8ReSMAbxsP+yfyWDfVbID/ICIQCaCCqp
W1TPxNyLlAVQ5vBAhl53OVpdYa1xpc1nXq1Z1g==
-----END CERTIFICATE REQUEST-----
`);

test("names the attributes of the subject that the role replaced, not their values", async () => {
  const asked = await signRequestFor({ csr: organisation.pem, durationSeconds: 3600 });
  const { parsedCsr } = await signRequestFor({ commonName: "a" });
  const leaf = await fakeSign(root, { csr: parsedCsr, seconds: 3600 });
  const condition = policyCondition(asked, leaf);
  expect(condition).toMatchObject({
    type: "VaultPolicyApplied",
    status: "True",
    reason: "SubjectChanged",
    message: expect.stringMatching(/^Vault took the subject's O from the role/),
  });
  expect(condition?.message).not.toContain("Acme");
  const both = policyCondition({ ...asked, durationSeconds: 7200 }, leaf);
  expect(both).toMatchObject({ reason: "RequestChanged" });
});

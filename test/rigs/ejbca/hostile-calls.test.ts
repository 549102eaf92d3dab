import { afterAll, beforeAll, expect, test } from "vitest";
import { contextTag } from "../../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derBitString,
  derOid,
  derSequence,
  derSmallInteger,
} from "../../../packages/signer/src/x509/der-writer.ts";
import { oids } from "../../../packages/signer/src/x509/oid.ts";
import { callEjbca, enrolment, type TestCall } from "./call-ejbca.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";

let ejbca: Ejbca;

beforeAll(async () => {
  ejbca = await startEjbca();
});
afterAll(() => ejbca.stop());

const enrol = "/v1/certificate/pkcs10enroll";
const search = "/v1/certificate/search";

/** The point at infinity in place of a P-256 key: Node would end the process if it were handed over. */
const keyAlgorithm = derSequence(derOid(oids.ecPublicKey), derOid(oids.p256));
const requestInfo = derSequence(
  derSmallInteger(0),
  derSequence(),
  derSequence(keyAlgorithm, derBitString(Uint8Array.of(0))),
  der(contextTag(0, true)),
);
const infinity = Buffer.from(
  derSequence(requestInfo, derSequence(derOid(oids.ecdsaWithSha256)), derBitString(Uint8Array.of(1))),
).toString("base64");

const calls: Readonly<Record<string, TestCall>> = {
  "a path that does not decode": { path: "/v1/ca/%E0%A4%A/certificate/download" },
  "a path of two slashes": { path: "//v1//ca" },
  "a query without names": { path: "/v1/certificate/expire?&&=&?" },
  "a name with open escapes": { path: `/v1/ca/${encodeURIComponent("CN=a\\")}/certificate/download` },
  "criteria that are no list": { path: search, body: { max_number_of_results: 1, criteria: {} } },
  "criteria of null": { path: search, body: { max_number_of_results: 1, criteria: [null] } },
  "a search for what a pattern is made of": {
    path: search,
    body: { max_number_of_results: 1, criteria: [{ property: "QUERY", value: "((([", operation: "LIKE" }] },
  },
  "pages that are texts": {
    path: "/v2/certificate/search",
    body: { pagination: { page_size: "x", current_page: [] }, criteria: [] },
  },
  "a request that is an object": { path: enrol, body: { certificate_request: {}, username: "x" } },
  "a key at infinity": { path: enrol, body: { certificate_request: infinity, username: "x" } },
  "prototypes for names": {
    path: enrol,
    body: { certificate_authority_name: "__proto__", certificate_profile_name: "constructor" },
  },
  "a reason of the prototype": {
    method: "PUT",
    path: `/v1/certificate/${encodeURIComponent("CN=LabIssuingCA,O=EJBCA Lab,C=SE")}/12/revoke?reason=constructor`,
  },
  "bytes that are no text": { path: enrol, body: "\u0000\uffff" },
  "a bearer token of dots": { path: "/v1/ca", headers: { authorization: "Bearer .." }, client: undefined },
};

test.each(Object.entries(calls))("the EJBCA simulator answers %s", async (_name, call) => {
  const client = "client" in call ? call.client : ejbca.clients.superadmin;
  const { status } = await callEjbca(ejbca, { ...call, client });
  expect(status).toBeGreaterThanOrEqual(200);
  expect(ejbca.defects).toEqual([]);
});

test("the EJBCA simulator refuses a request with a key at infinity", async () => {
  const body = await enrolment("infinite", { certificate_request: infinity });
  const { status, json } = await callEjbca(ejbca, { path: enrol, client: ejbca.clients.issuer, body });
  expect([status, json.error_message]).toEqual([400, "Invalid certificate request"]);
});

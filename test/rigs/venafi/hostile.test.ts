import { connect } from "node:tls";
import { expect, test } from "vitest";
import { newCsr } from "./csr-fixture.ts";
import { type ClientCall, callSimulator } from "./simulator-client.ts";
import { startVenafiCloud } from "./start-venafi-cloud.ts";
import { startTppFixture } from "./tpp/fixture.ts";

const bodies: readonly unknown[] = [
  undefined,
  null,
  [],
  "text",
  7,
  {},
  { PolicyDN: 7, CertificateDN: [], ObjectDN: {}, DN: null },
  { PolicyDN: "\\VED\\Policy\\Open", PKCS10: "-----BEGIN CERTIFICATE REQUEST-----\n!!!\n-----END" },
  { CertificateDN: "\\VED\\Policy\\Open\\a\r\nX: y\0", Format: "Base64" },
  { client_id: "vcert-sdk", username: "x", password: "y", scope: ";:,;;" },
  { client_id: "vcert-sdk", jwt: "e30.e30.e30", scope: "certificate" },
  { applicationId: "x", certificateIssuingTemplateId: "y", tags: [1] },
  { expression: { operands: [{ field: "fingerprint", operator: "MATCH", value: { a: 1 } }] } },
  { operationName: "RevokeCertificateRequest", variables: { fingerprint: "(" } },
];

/** What came back, none of which may be the simulator's own failure. */
async function statuses(
  server: { readonly url: string; readonly caPem: string },
  paths: readonly string[],
  more: Partial<ClientCall>,
): Promise<readonly number[]> {
  const calls = paths.flatMap((path) => [
    callSimulator(server, { to: `GET ${path}`, ...more }),
    callSimulator(server, { to: `DELETE ${path}`, ...more }),
    ...bodies.map((json) => callSimulator(server, { to: `POST ${path}`, json, ...more })),
  ]);
  return (await Promise.all(calls)).map(({ status }) => status);
}

test("TPP answers hostile calls with what is wrong with them, and never fails itself", async () => {
  await using it = await startTppFixture();
  const bearer: string = (await it.login()).json.access_token;
  const names = ["request", "retrieve", "reset", "retry", "renew", "revoke", "checkpolicy", "%", "{0}"];
  const paths = [
    ...names.map((name) => `/vedsdk/certificates/${name}`),
    ...[
      "config/isvalid",
      "config/dntoguid",
      "metadata/get",
      "metadata/set",
      "identity/browse",
      "%E0%A4%A",
    ].map((name) => `/vedsdk/${name}`),
    ...["oauth", "token", "jwt", "certificate", "verify"].map((name) => `/vedauth/authorize/${name}`),
    "//",
    "/vedsdk/certificates/?Thumbprint=%00&limit=x&offset=-1&ValidToGreater=never",
  ];
  for (const status of await statuses(it.tpp, paths, { bearer }))
    expect([200, 400, 401, 403, 404]).toContain(status);
  expect((await it.request({ PKCS10: await newCsr() })).status).toBe(200);
});

test("the SaaS answers hostile calls with what is wrong with them, and never fails itself", async () => {
  await using cloud = await startVenafiCloud();
  const api = "/outagedetection/v1";
  const paths = [
    ...["certificaterequests", "certificaterequests/x", "certificates/x/contents", "certificatesearch"].map(
      (name) => `${api}/${name}`,
    ),
    `${api}/applications/name/%`,
    `${api}/applications/%2F/certificateissuingtemplates/%00`,
    "/graphql",
    "/v1/users/%E0%A4%A",
    new URL(cloud.credentials.tokenUrl).pathname,
  ];
  const headers = { "tppl-api-key": cloud.credentials.apiKey };
  for (const status of await statuses(cloud, paths, { headers }))
    expect([200, 400, 404, 412]).toContain(status);
});

test("what is no HTTP, and calls that break off, end alone", async () => {
  await using it = await startTppFixture();
  const { port, hostname } = new URL(it.tpp.url);
  for (const bytes of [
    "nonsense\r\n\r\n",
    "POST /vedsdk/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
  ]) {
    const socket = connect({ port: Number(port), host: hostname, ca: it.tpp.caPem });
    await new Promise<void>((done) => {
      socket.on("error", () => {});
      socket.on("close", () => done());
      socket.resume().end(bytes);
    });
  }
  expect((await it.call({ to: "GET /vedsdk/" })).status).toBe(200);
});

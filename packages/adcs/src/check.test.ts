import { IssuerError, RetryableError } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import { startCertsrv } from "../../../test/rigs/adcs/start-certsrv.ts";
import { connectTo, failureOf } from "./connect-fixture.ts";

test("the check logs in, and asks for the CA's newest certificate", async () => {
  await using certsrv = await startCertsrv();
  await certsrv.ca.renew({ newKey: true });
  await using adcs = connectTo(certsrv);
  await adcs.check();
  const asked = certsrv.calls.filter(({ status }) => status === 200);
  expect(asked.map(({ page }) => page)).toEqual([
    "certcarc.asp",
    "certnew.cer?ReqID=CACert&Renewal=1&Enc=b64",
    "certnew.cer?ReqID=CACert&Renewal=0&Enc=b64",
  ]);
  expect(asked.every(({ user }) => user === "svc")).toBe(true);
});

test.each([
  [{ status: 404, body: "" }, IssuerError, /there is no web enrolment at this path/],
  [{ status: 403, body: "" }, IssuerError, /the issuer's account is known, but may not use this page/],
  [{ status: 403, body: "<h3>HTTP-Fehler 403.4</h3>" }, IssuerError, /wants TLS/],
  [{ status: 403, body: "<h3>HTTP Error 403.7</h3>" }, IssuerError, /wants a client certificate/],
  [{ status: 400, body: "Request Too Long" }, IssuerError, /MaxFieldLength/],
  [{ status: 413, body: "" }, IssuerError, /uploadReadAheadSize/],
  [{ status: 302, headers: { location: "https://evil.example.com/" } }, IssuerError, /redirects are refused/],
  [{ status: 200, body: "<html>Welcome to IIS</html>" }, IssuerError, /not the page of a web enrolment/],
  [
    { status: 503, body: "", headers: { server: "Microsoft-HTTPAPI/2.0" } },
    RetryableError,
    /application pool is stopped/,
  ],
  [{ status: 500, body: "" }, RetryableError, /log of IIS/],
])("an answer %j says what to do", async (answer, kind, message) => {
  await using certsrv = await startCertsrv();
  await using adcs = connectTo(certsrv);
  certsrv.fault("certcarc.asp", { kind: "answer", answer });
  const error = await failureOf(adcs.check());
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(message);
});

test("a CA that has expired is named", async () => {
  const then = new Date(Date.now() - 8 * 365 * 86_400_000);
  await using certsrv = await startCertsrv({ now: () => then });
  await using adcs = connectTo(certsrv);
  const error = await failureOf(adcs.check());
  expect(error).toBeInstanceOf(IssuerError);
  expect(error.message).toMatch(/^The CA's certificate expired \d{4}-/);
});

test("a server with another certificate is not logged in at", async () => {
  await using certsrv = await startCertsrv();
  await using other = await startCertsrv();
  await using adcs = connectTo({ url: certsrv.url, tlsCaPem: other.tlsCaPem });
  expect(await failureOf(adcs.check())).toBeInstanceOf(IssuerError);
  expect(certsrv.calls).toEqual([]);
});

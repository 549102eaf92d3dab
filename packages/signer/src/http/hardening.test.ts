import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ServerFixture } from "./server-fixture.ts";
import { TlsFixture } from "./tls-fixture.ts";

/** What an operator, or a base image, may have set for the whole process. */
const laxFlags = ["--insecure-http-parser", "--max-http-header-size=1000000", "--tls-min-v1.0"];
const laxEnvironment = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };

/** One GET for each URL in a process with the lax flags; the failure of each. */
const script = `
const { HttpClient } = await import(${JSON.stringify(new URL("./http-client.ts", import.meta.url))});
const [ca, ...urls] = process.argv.slice(1);
const http = new HttpClient({ ca, headersTimeoutMs: 5000 });
const failures = [];
for (const url of urls) failures.push(await http.get(url).then(() => "none", (error) => error.failure));
console.log(JSON.stringify(failures));
http.close();
`;

test("S12: flags and environment of the process loosen neither parser, header size nor TLS", async () => {
  const root = TlsFixture.root();
  const pair = await root.issue();
  await using smuggling = await ServerFixture.answering(
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
  );
  await using huge = await ServerFixture.answering(
    `HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\ncontent-length: 2\r\n\r\n{}`,
  );
  await using foreign = await ServerFixture.https(
    await TlsFixture.root({ from: -9 }).issue(),
    (_, response) => response.end("{}"),
  );
  await using old = await ServerFixture.https(
    { ...pair, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    (_, response) => response.end("{}"),
  );
  await using good = await ServerFixture.https(pair, (_, response) => response.end("{}"));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...[...laxFlags, "--input-type=module", "-e", script, "--", root.ca],
      ...[smuggling, huge, foreign, old, good].map(({ url }) => url),
    ],
    { env: { ...process.env, ...laxEnvironment } },
  );
  expect(JSON.parse(stdout)).toEqual(["protocol", "too-large", "tls", "tls", "none"]);
});

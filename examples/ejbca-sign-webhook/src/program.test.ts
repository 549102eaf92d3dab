import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newConnectionCa } from "./demo-service.ts";
import { type CurlClient, curlClient, newBody, type Program, startProgram } from "./program-fixture.ts";

const run = promisify(execFile);
const json = ["--header", "Content-Type: application/json"];
const post = (url: string, data: string) => [...json, "--data-binary", data, `${url}/sign`];
const codeOf = (body: string) => JSON.parse(body).error?.code as string | undefined;

describe("the program, asked by curl", () => {
  let program: Program;
  let curl: CurlClient;

  beforeAll(async () => {
    program = await startProgram({ limits: { bodyTimeout: "1s" } });
    curl = await curlClient(program.files.ca.pem, await program.files.ca.issue("webhook-issuer"));
  });
  afterAll(async () => {
    await curl?.[Symbol.asyncDispose]();
    await program?.[Symbol.asyncDispose]();
  });

  async function expectAlive() {
    expect((await curl.run(...post(program.url, await newBody()))).status).toBe(200);
  }

  test("a CSR of openssl's becomes a certificate that openssl verifies, with EJBCA's root alone", async () => {
    const { folder, ejbca } = program.files;
    const subject = ["-subj", "/CN=web.example.com", "-addext", "subjectAltName=DNS:web.example.com"];
    await run(
      "openssl",
      ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", "csr.pem", ...subject],
      { cwd: folder },
    );
    const csr = await readFile(join(folder, "csr.pem"));
    const { status, body } = await curl.run(
      ...post(program.url, JSON.stringify({ csr: csr.toString("base64") })),
    );
    expect(status).toBe(200);
    const { certificate, ca } = JSON.parse(body);
    await writeFile(join(folder, "leaf.pem"), certificate);
    await writeFile(join(folder, "root.pem"), ca);
    const verify = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "leaf.pem", "leaf.pem"];
    expect((await run("openssl", verify, { cwd: folder })).stdout).toBe("leaf.pem: OK\n");
    const [leaf] = parseCertificates(certificate);
    const [entry] = ejbca.ledger.entries;
    expect(leaf?.serialHex.toUpperCase()).toBe(entry?.serial);
    expect(parseCertificates(ca)[0]?.isSelfSigned).toBe(true);
  });

  test("with a wrong client certificate or none: 401 or 403 in words, and EJBCA is not asked", async () => {
    const { ca, ejbca } = program.files;
    const before = ejbca.ledger.entries.length;
    const body = await newBody();
    const cases = [
      [undefined, 401, "Show a client certificate."],
      [await newConnectionCa("Others").issue("webhook-issuer"), 401, "not of a CA that is trusted"],
      [await ca.issue("somebody"), 403, "may not use this service"],
    ] as const;
    for (const [identity, status, words] of cases) {
      await using client = await curlClient(ca.pem, identity);
      const reply = await client.run(...post(program.url, body));
      expect([reply.status, reply.body]).toEqual([status, expect.stringContaining(words)]);
    }
    expect(ejbca.ledger.entries.length).toBe(before);
    await expectAlive();
  });

  test("1 MiB is a 413, with and without asking first", async () => {
    const file = await curl.file("large.json", JSON.stringify({ csr: "A".repeat(1024 * 1024) }));
    for (const expectHeader of ["Expect:", "Expect: 100-continue"]) {
      const reply = await curl.run("--header", expectHeader, ...post(program.url, `@${file}`));
      expect([reply.status, codeOf(reply.body)]).toEqual([413, "body_too_large"]);
    }
    const chunked = await curl.run(
      "--header",
      "Transfer-Encoding: chunked",
      ...post(program.url, `@${file}`),
    );
    expect([chunked.status, codeOf(chunked.body)]).toEqual([413, "body_too_large"]);
    await expectAlive();
  });

  test("bad base64, no JSON, a wrong method, type and path: a clear 4xx", async () => {
    const bad = await curl.run(...post(program.url, '{"csr":"%%%"}'));
    expect([bad.status, codeOf(bad.body)]).toEqual([400, "invalid_csr"]);
    const none = await curl.run(...post(program.url, "csr=1"));
    expect([none.status, codeOf(none.body)]).toEqual([400, "malformed_request"]);
    const method = await curl.run("--request", "PUT", ...post(program.url, "{}"));
    expect([method.status, method.headers]).toEqual([405, expect.stringMatching(/^allow: POST$/im)]);
    const type = await curl.run("--data-binary", "{}", `${program.url}/sign`);
    expect([type.status, codeOf(type.body)]).toEqual([415, "unsupported_media_type"]);
    expect((await curl.run(`${program.url}/`)).status).toBe(404);
    await expectAlive();
  });

  test("a body that drips is a 408, from twenty at once, and others are served meanwhile", async () => {
    const { ca } = program.files;
    const identity = await ca.issue("webhook-issuer");
    const drip = () =>
      new Promise<string>((resolve) => {
        const socket = connectTls({
          host: "localhost",
          port: Number(new URL(program.url).port),
          ca: ca.pem,
          ...identity,
        });
        let answer = "";
        socket.setEncoding("utf8").on("data", (text) => {
          answer += text;
        });
        const timer = setInterval(() => socket.write(" "), 100);
        socket
          .on("error", () => {})
          .on("close", () => {
            clearInterval(timer);
            resolve(answer);
          });
        socket.write(
          "POST /sign HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{",
        );
      });
    const dripping = Array.from({ length: 20 }, drip);
    await expectAlive();
    for (const answer of await Promise.all(dripping))
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*body_timeout/);
    await expectAlive();
  });

  test("what EJBCA refuses is a 422 with the words of its backend", async () => {
    await curl.run(...post(program.url, await newBody("twice.example.com")));
    const reply = await curl.run(...post(program.url, await newBody("twice.example.com")));
    expect([reply.status, codeOf(reply.body)]).toEqual([422, "rejected"]);
    expect(reply.body).toContain("another end entity of the CA has the same subject");
    await expectAlive();
  });

  test("a rule that EJBCA's role lacks is a 502 that names it", async () => {
    const { ejbca } = program.files;
    const rule = "/ca_functionality/create_certificate/";
    ejbca.role("issuer").rules.delete(rule);
    const reply = await curl.run(...post(program.url, await newBody()));
    ejbca.role("issuer").rules.add(rule);
    expect([reply.status, codeOf(reply.body)]).toEqual([502, "issuer_error"]);
    expect(reply.body).toContain(rule);
    await expectAlive();
  });

  test("EJBCA is down: 503 with Retry-After, and it signs again when it is back", async () => {
    const { ejbca } = program.files;
    const [node] = ejbca.nodes;
    await node?.down();
    const body = await newBody();
    const down = await curl.run("--header", "Idempotency-Key: order-1", ...post(program.url, body));
    expect([down.status, codeOf(down.body)]).toEqual([503, "pki_unavailable"]);
    expect(down.headers).toMatch(/^retry-after: \d+$/im);
    const health = await curl.run(`${program.url}/health`);
    expect([health.status, codeOf(health.body)]).toEqual([503, "pki_unavailable"]);
    await node?.up();
    const again = () => curl.run("--header", "Idempotency-Key: order-1", ...post(program.url, body));
    await expect.poll(again, { timeout: 15_000, interval: 250 }).toMatchObject({ status: 200 });
  });

  test("an answer of EJBCA that is lost leads to no second certificate", async () => {
    const { ejbca } = program.files;
    const before = ejbca.ledger.entries.length;
    ejbca.faults.add({ action: { kind: "lose" }, route: "pkcs10enroll" });
    const body = await newBody("lost.example.com");
    const key = ["--header", "Idempotency-Key: order-2"];
    expect((await curl.run(...key, ...post(program.url, body))).status).toBe(503);
    const again = () => curl.run(...key, ...post(program.url, body));
    await expect.poll(again, { timeout: 15_000, interval: 250 }).toMatchObject({ status: 200 });
    expect(ejbca.ledger.entries.length).toBe(before + 1);
    expect(ejbca.ledger.duplicates()).toEqual([]);
  });

  test("the log has a request id for each, and no key, certificate or CSR", async () => {
    const text = JSON.stringify(program.lines);
    expect(text).not.toMatch(/BEGIN|PRIVATE|MII[A-Za-z0-9+/]{40}/);
    const decided = program.lines.filter(({ msg }) =>
      ["issued", "refused", "denied", "failed"].includes(msg),
    );
    expect(decided.length).toBeGreaterThan(10);
    for (const line of decided) expect(line.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

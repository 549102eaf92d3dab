import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseCertificate } from "@countersign/issuer-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callEjbca, enrolment, searchFor } from "./call-ejbca.ts";
import { type Ejbca, startEjbca } from "./start-ejbca.ts";

const run = promisify(execFile);
let ejbca: Ejbca;

beforeEach(async () => {
  ejbca = await startEjbca();
});
afterEach(async () => {
  await ejbca.stop();
  expect(ejbca.defects).toEqual([]);
});

const enrol = async (username: string, more = {}) =>
  callEjbca(ejbca, {
    path: "/v1/certificate/pkcs10enroll",
    client: ejbca.clients.issuer,
    body: await enrolment(username, more),
  });

describe("the EJBCA simulator", () => {
  test("issues over mTLS, with the chain, and writes its ledger", async () => {
    const answer = await enrol("web");
    expect(answer.status).toBe(201);
    expect(Object.keys(answer.json)).toEqual([
      "certificate",
      "serial_number",
      "response_format",
      "certificate_chain",
    ]);
    const [leaf, issuing, root] = [
      answer.json.certificate,
      ...(answer.json.certificate_chain as string[]),
    ].map((der) => parseCertificate(Buffer.from(`${der}`, "base64")));
    expect(issuing && leaf?.isIssuedBy(issuing)).toBe(true);
    expect(root && issuing?.isIssuedBy(root)).toBe(true);
    expect(root?.isSelfSigned).toBe(true);
    expect(ejbca.ledger.entries).toEqual([
      expect.objectContaining({
        username: "web",
        authority: "LabIssuingCA",
        admin: "CN=issuer,O=EJBCA Lab",
        route: "pkcs10enroll",
        serial: answer.json.serial_number,
        certificatePem: leaf?.pem,
      }),
    ]);
  });

  test("issues twice for the same request, and tells of it", async () => {
    const body = await enrolment("twice");
    const call = { path: "/v1/certificate/pkcs10enroll", client: ejbca.clients.issuer, body };
    await callEjbca(ejbca, call);
    await callEjbca(ejbca, call);
    expect(ejbca.ledger.duplicates()).toEqual([ejbca.ledger.entries[1]]);
  });

  test("finds what it issued, in base64 of base64", async () => {
    const { json } = await enrol("found");
    const search = await callEjbca(ejbca, {
      path: "/v1/certificate/search",
      client: ejbca.clients.issuer,
      body: searchFor("FOUND"),
    });
    const [hit] = search.json.certificates as { certificate: string }[];
    const once = Buffer.from(`${hit?.certificate}`, "base64").toString("utf8");
    expect(once.replaceAll("\n", "")).toBe(json.certificate);
    expect(once).toContain("\n");
  });

  test("leaves the zero at the front of a serial number out", async () => {
    ejbca.nextSerials.push("0bccd6aa956be088c5a80f0a932fe69c6d77bae4");
    const { json } = await enrol("odd");
    expect(json.serial_number).toBe("BCCD6AA956BE088C5A80F0A932FE69C6D77BAE4");
  });

  test("serves several hosts of one database, each of which can be down", async () => {
    await using cluster = await startEjbca({ nodes: 2 });
    const [first, second] = cluster.nodes;
    const list = (url = "") => callEjbca(cluster, { path: `${url}/v1/ca`, client: cluster.clients.issuer });
    await first?.down();
    await expect(list(first?.url)).rejects.toThrow("ECONNREFUSED");
    expect((await list(second?.url)).status).toBe(200);
    await first?.up();
    expect((await list(first?.url)).status).toBe(200);
    expect(cluster.requests.map(({ node }) => node)).toEqual([1, 0]);
  });

  test("takes a rotated client certificate", async () => {
    const client = ejbca.newClient("issuer");
    expect(client.serial).not.toBe(ejbca.clients.issuer.serial);
    expect((await callEjbca(ejbca, { path: "/v1/ca", client })).status).toBe(200);
  });

  test.each(["untrusted", "expired"] as const)("cuts the connection of an %s client", async (name) => {
    await expect(callEjbca(ejbca, { path: "/v1/ca", client: ejbca.clients[name] })).rejects.toThrow();
  });

  test("needs a client certificate where it is set up so", async () => {
    await expect(callEjbca(ejbca, { path: `${ejbca.needUrl}/v1/ca/status` })).rejects.toThrow();
    const client = ejbca.clients.issuer;
    expect((await callEjbca(ejbca, { path: `${ejbca.needUrl}/v1/ca/status`, client })).status).toBe(200);
  });

  test("curl enrols over mTLS, and openssl verifies what it got", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ejbca-curl-"));
    const file = (name: string) => join(folder, name);
    try {
      const { issuer } = ejbca.clients;
      await writeFile(file("ca.pem"), ejbca.tlsCaPem);
      await writeFile(file("client.crt"), issuer.cert);
      await writeFile(file("client.key"), issuer.key);
      await run("openssl", [
        ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-keyout", file("tls.key"), "-out", file("tls.csr"), "-subj", "/CN=curl.lab.example"],
        ...["-addext", "subjectAltName=DNS:curl.lab.example"],
      ]);
      const { stdout: csr } = await run("openssl", ["req", "-in", file("tls.csr")]);
      await writeFile(
        file("body.json"),
        JSON.stringify(await enrolment("curl", { certificate_request: csr })),
      );
      const { stdout } = await run("curl", [
        ...["--silent", "--fail", "--cacert", file("ca.pem"), "--cert", file("client.crt")],
        ...["--key", file("client.key"), "--header", "Content-Type: application/json"],
        ...["--data", `@${file("body.json")}`, `${ejbca.url}/v1/certificate/pkcs10enroll`],
      ]);
      const answer = JSON.parse(stdout) as { certificate: string; certificate_chain: string[] };
      const pems = [answer.certificate, ...answer.certificate_chain].map(
        (der) => parseCertificate(Buffer.from(der, "base64")).pem,
      );
      for (const [at, name] of ["leaf.pem", "issuing.pem", "root.pem"].entries())
        await writeFile(file(name), pems[at] ?? "");
      const verified = await run("openssl", [
        ...["verify", "-CAfile", file("root.pem"), "-untrusted", file("issuing.pem")],
        ...["-purpose", "sslserver", "-verify_hostname", "curl.lab.example", file("leaf.pem")],
      ]);
      expect(verified.stdout).toContain(": OK");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

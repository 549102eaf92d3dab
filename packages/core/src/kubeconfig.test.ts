import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { json, ScriptedServer } from "./kube/scripted-server-fixture.ts";
import { KubeTransport } from "./kube/transport.ts";
import { loadKubeConnection } from "./kubeconfig.ts";
import { systemScheduler } from "./queue/scheduler.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterAll(() => rm(directory, { recursive: true }));

interface Parts {
  readonly clusters?: Record<string, object>;
  readonly users?: Record<string, object>;
  readonly contexts?: Record<string, object>;
  readonly current?: string;
}

async function write(
  name: string,
  { clusters = {}, users = {}, contexts = {}, current }: Parts,
): Promise<string> {
  const list = (kind: string, entries: Record<string, object>) =>
    Object.entries(entries).map(([entry, value]) => ({ name: entry, [kind]: value }));
  const file = join(directory, name);
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: list("cluster", clusters),
      users: list("user", users),
      contexts: list("context", contexts),
      "current-context": current,
    }),
  );
  return file;
}

const https = { server: "https://api.example.com:6443" };
const simple: Parts = {
  clusters: { c: https },
  users: { u: { token: "t" } },
  contexts: { one: { cluster: "c", user: "u", namespace: "team" }, two: { cluster: "c", user: "u" } },
  current: "one",
};

test("gives server, namespace and token of the current context", async () => {
  const connection = await loadKubeConnection({ file: await write("simple", simple), env: {} });
  expect(connection).toMatchObject({
    server: "https://api.example.com:6443",
    namespace: "team",
    skipTlsVerify: false,
  });
  expect(await connection.authorize?.({ refresh: false })).toEqual({ Authorization: "Bearer t" });
});

test("takes another context by name", async () => {
  const connection = await loadKubeConnection({
    file: await write("simple", simple),
    context: "two",
    env: {},
  });
  expect(connection.namespace).toBeUndefined();
});

test.each([
  [
    "file missing",
    undefined,
    {},
    /^The kubeconfig .*missing cannot be read \(ENOENT\)\. Check the path that was given\.$/,
  ],
  ["YAML wrong", "a: [b", {}, /^The kubeconfig .*malformed: /],
  ["empty", "", {}, /^The kubeconfig .*malformed: /],
  [
    "no such context",
    JSON.stringify,
    { context: "three" },
    /^The kubeconfig has no context three\. There are: one, two\.$/,
  ],
])("%s: one line that says what to correct", async (name, text, options, message) => {
  const file = join(directory, text === undefined ? "missing" : name);
  if (typeof text === "string") await writeFile(file, text);
  if (typeof text === "function") await writeFile(file, await readFile(await write("simple", simple)));
  const error = await loadKubeConnection({ file, env: {}, ...options }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "KUBE_CONNECTION", message: expect.stringMatching(message) });
  expect((error as Error).message).not.toContain("\n");
});

test("missing parts are named", async () => {
  const load = async (parts: Parts) =>
    loadKubeConnection({ file: await write("parts", { ...simple, ...parts }), env: {} });
  await expect(load({ contexts: {} })).rejects.toThrow("The kubeconfig has no context one. It has none.");
  await expect(load({ clusters: {} })).rejects.toThrow(
    "The context one names the cluster c, which the kubeconfig lacks.",
  );
  await expect(load({ users: {} })).rejects.toThrow(
    "The context one names the user u, which the kubeconfig lacks.",
  );
  const { current: _, ...without } = simple;
  await expect(loadKubeConnection({ file: await write("parts", without), env: {} })).rejects.toThrow(
    "The kubeconfig names no current context. There are: one, two.",
  );
});

test("KUBECONFIG may name several files: the first entry of a name counts, missing files are passed over", async () => {
  const first = await write("first", { clusters: { c: { server: "https://first:1" } }, current: "one" });
  const second = await write("second", simple);
  const env = { KUBECONFIG: [join(directory, "nowhere"), first, second].join(delimiter) };
  expect(await loadKubeConnection({ env })).toMatchObject({ server: "https://first:1", namespace: "team" });
  await expect(
    loadKubeConnection({ env: { KUBECONFIG: `${directory}/x${delimiter}${directory}/y` } }),
  ).rejects.toThrow(/^None of the kubeconfigs .*x, .*y exists\. Check the variable KUBECONFIG\.$/);
});

test("without KUBECONFIG it is ~/.kube/config", async () => {
  const home = join(directory, "home");
  await mkdir(join(home, ".kube"), { recursive: true });
  await writeFile(join(home, ".kube", "config"), await readFile(await write("simple", simple)));
  expect(await loadKubeConnection({ env: { HOME: home } })).toMatchObject({ namespace: "team" });
  await expect(loadKubeConnection({ env: { HOME: directory } })).rejects.toThrow(
    /Set KUBECONFIG, or give the path/,
  );
  await expect(loadKubeConnection({ env: {} })).rejects.toThrow(/There is no kubeconfig/);
});

test("plain http is accepted on loopback and refused elsewhere", async () => {
  const local = { ...simple, clusters: { c: { server: "http://127.0.0.1:8001" } } };
  const connection = await loadKubeConnection({ file: await write("local", local), env: {} });
  expect(await connection.authorize?.({ refresh: false })).toEqual({ Authorization: "Bearer t" });
  const remote = { ...simple, clusters: { c: { server: "http://api.example.com" } } };
  await expect(loadKubeConnection({ file: await write("remote", remote), env: {} })).rejects.toThrow(
    /The kubeconfig's cluster c: .*plain http is for loopback addresses only/,
  );
});

test("user name and password become basic authentication", async () => {
  const file = await write("basic", { ...simple, users: { u: { username: "a", password: "b" } } });
  const connection = await loadKubeConnection({ file, env: {} });
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Basic YTpi" });
});

test("an exec plugin's token is used, and what it says on failure is shown in one line", async () => {
  const plugin = join(directory, "plugin.sh");
  await writeFile(
    plugin,
    `#!/bin/sh
[ "$FAIL" = yes ] && { echo "please log in" >&2; echo "details" >&2; exit 1; }
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}'
`,
  );
  await chmod(plugin, 0o755);
  const withEnv = (env: object[]) => ({
    ...simple,
    users: { u: { exec: { command: plugin, args: [], env } } },
  });
  const good = await loadKubeConnection({ file: await write("exec", withEnv([])), env: {} });
  expect(await good.authorize?.({ refresh: false })).toEqual({ Authorization: "Bearer from-plugin" });

  const file = await write("exec-fails", withEnv([{ name: "FAIL", value: "yes" }]));
  const transport = new KubeTransport({
    connection: await loadKubeConnection({ file, env: {} }),
    userAgent: "t",
  });
  await expect(transport.request({ path: "/x" })).rejects.toMatchObject({
    failure: "credentials",
    message: "There are no credentials for https://api.example.com:6443: please log in",
  });
});

/** A CA, a server certificate for localhost and a client certificate, made by openssl. */
function certificates() {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca", "-days", "1");
  for (const [name, subject] of [
    ["server", "/CN=localhost"],
    ["client", "/CN=issuer/O=system:masters"],
  ] as const) {
    openssl(
      "req",
      "-x509",
      ...key,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
      "-subj",
      subject,
      "-addext",
      "subjectAltName=DNS:localhost",
      "-days",
      "1",
    );
  }
  return (name: string) => readFile(join(directory, name));
}

test("client certificate, CA and TLS server name of a kubeconfig, directly and through a proxy", async () => {
  const file = certificates();
  const server = createServer(
    {
      key: await file("server.key"),
      cert: await file("server.crt"),
      ca: await file("ca.crt"),
      requestCert: true,
    },
    (request, response) =>
      json(response, 200, { subject: (request.socket as TLSSocket).getPeerCertificate().subject.CN }),
  ).listen(0, "127.0.0.1");
  let tunnels = 0;
  const proxy = createHttpServer()
    .on("connect", (request, client) => {
      tunnels += 1;
      const [host = "", port] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
    })
    .listen(0, "127.0.0.1");
  await expect.poll(() => server.listening && proxy.listening).toBe(true);
  const port = (of: { address(): unknown }) => (of.address() as AddressInfo).port;
  const cluster = {
    server: `https://127.0.0.1:${port(server)}`,
    "certificate-authority": "ca.crt",
    "tls-server-name": "localhost",
  };
  const users = {
    u: {
      "client-certificate": "client.crt",
      "client-key-data": (await file("client.key")).toString("base64"),
    },
  };
  const transportOf = async (changes: object) => {
    const parts = { ...simple, clusters: { c: { ...cluster, ...changes } }, users };
    const connection = await loadKubeConnection({ file: await write("mtls", parts), env: {} });
    return new KubeTransport({ connection, userAgent: "t" });
  };

  const direct = await transportOf({});
  expect(await direct.request({ path: "/x" })).toEqual({ subject: "issuer" });
  expect(tunnels).toBe(0);

  const proxied = await transportOf({ "proxy-url": `http://127.0.0.1:${port(proxy)}` });
  for (let i = 0; i < 3; i += 1) expect(await proxied.request({ path: "/x" })).toEqual({ subject: "issuer" });
  expect(tunnels).toBe(1);

  const misnamed = await transportOf({ "tls-server-name": "other" });
  await expect(misnamed.request({ path: "/x" })).rejects.toMatchObject({
    failure: "certificate",
    message: expect.stringMatching(/has a certificate for another name/),
  });
  const untrusting = await transportOf({ "certificate-authority": undefined });
  await expect(untrusting.request({ path: "/x" })).rejects.toMatchObject({
    failure: "certificate",
    message: expect.stringMatching(/has a certificate of an unknown CA .* Check the CA bundle\.$/),
  });
  const careless = await transportOf({
    "certificate-authority": undefined,
    "insecure-skip-tls-verify": true,
  });
  expect(await careless.request({ path: "/x" })).toEqual({ subject: "issuer" });

  for (const transport of [direct, proxied, misnamed, untrusting, careless]) transport.close();
  server.close();
  proxy.close();
});

test("credentials that have changed in the file are taken up after a 401", async () => {
  await using server = await ScriptedServer.start((response, { headers }) =>
    json(response, headers.authorization === "Bearer new" ? 200 : 401, { kind: "Status", code: 401 }),
  );
  const parts = (token: string): Parts => ({
    ...simple,
    clusters: { c: { server: server.url } },
    users: { u: { token } },
  });
  const clock = { at: 0 };
  const scheduler = { ...systemScheduler, monotonic: () => clock.at };
  const connection = await loadKubeConnection({
    file: await write("rotated", parts("old")),
    env: {},
    scheduler,
  });
  const transport = server.transport({ connection });
  await write("rotated", parts("new"));
  await expect(transport.request({ path: "/x" })).rejects.toMatchObject({ status: 401 });
  clock.at = 5_000;
  expect(await transport.request({ path: "/x" })).toMatchObject({ kind: "Status" });
});

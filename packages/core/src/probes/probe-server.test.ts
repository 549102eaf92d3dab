import { request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { IssuerHealth } from "./issuer-health.ts";
import { startProbeServer } from "./probe-server.ts";

const well: IssuerHealth = {
  watches: [{ resource: "acmes.example.com", synced: true, lastContactAgeMs: 5, lastError: undefined }],
  references: [],
  draining: false,
};

async function serve(health: () => IssuerHealth = () => well) {
  const server = await startProbeServer({ port: 0, host: "127.0.0.1", health });
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { server, get, [Symbol.asyncDispose]: () => server.close() };
}

test("a healthy issuer passes every probe, with one line for each check", async () => {
  await using probes = await serve();
  expect(await probes.get("/readyz")).toMatchObject({
    status: 200,
    text: "[+]shutdown ok\n[+]cache acmes.example.com ok\nreadyz passed\n",
  });
  const alive = { status: 200, text: "[+]event loop ok\n[+]watch acmes.example.com ok\nlivez passed\n" };
  expect(await probes.get("/livez?verbose")).toMatchObject(alive);
  expect((await probes.get("/healthz")).status).toBe(200);
});

test("what fails is named, and asked for anew each time", async () => {
  let draining = false;
  await using probes = await serve(() => ({ ...well, draining }));
  expect((await probes.get("/readyz")).status).toBe(200);
  draining = true;
  expect(await probes.get("/readyz")).toMatchObject({
    status: 503,
    text: expect.stringContaining("[-]shutdown: in progress\n"),
  });
  expect((await probes.get("/livez")).status).toBe(200);
});

test("HEAD has the status and no body; other methods and paths are refused", async () => {
  await using probes = await serve();
  expect(await probes.get("/livez", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  const posted = await probes.get("/livez", { method: "POST" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect((await probes.get("/metrics")).status).toBe(404);
});

test("a port that is taken is one line that names the option", async () => {
  await using probes = await serve();
  const { port } = probes.server;
  await expect(startProbeServer({ port, host: "127.0.0.1", health: () => well })).rejects.toThrow(
    `The probes cannot listen on port ${port} (EADDRINUSE). Choose another with --probe-port.`,
  );
});

test("close does not wait for connections that are open, idle or half a request", async () => {
  const { server } = await serve();
  const idle = connect(server.port, "127.0.0.1");
  const half = request({ port: server.port, host: "127.0.0.1", method: "POST", path: "/livez" });
  half.on("error", () => {});
  half.write("x");
  await new Promise((resolve) => idle.once("connect", resolve));
  const gone = new Promise((resolve) => idle.once("close", resolve));
  await server.close();
  await gone;
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemScheduler } from "../queue/scheduler.ts";
import { inCluster } from "./in-cluster.ts";

let directory: string;
const clock = { at: 0 };
const scheduler = { ...systemScheduler, monotonic: () => clock.at };
const host = "10.0.0.1";

beforeEach(async () => {
  clock.at = 0;
  directory = await mkdtemp(join(tmpdir(), "service-account-"));
  await writeFile(join(directory, "token"), "token-1\n");
  await writeFile(join(directory, "ca.crt"), "ca-1");
  await writeFile(join(directory, "namespace"), "issuers\n");
});
afterEach(() => rm(directory, { recursive: true }));

test("reads address, namespace, token and CA of the service account", async () => {
  const connection = await inCluster({ host, port: "443", directory });
  expect(connection).toMatchObject({ server: "https://10.0.0.1:443", namespace: "issuers" });
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Bearer token-1" });
  expect(await connection.tls?.()).toEqual({ ca: "ca-1" });
});

test("puts an IPv6 address into brackets", async () => {
  const connection = await inCluster({ host: "fd00::1", port: 443, directory });
  expect(connection.server).toBe("https://[fd00::1]:443");
});

test("reads token and CA again after a minute, not before", async () => {
  const connection = await inCluster({ host, port: 443, directory, scheduler });
  await writeFile(join(directory, "token"), "token-2");
  await writeFile(join(directory, "ca.crt"), "ca-2");
  clock.at = 59_999;
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Bearer token-1" });
  clock.at = 60_000;
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Bearer token-2" });
  expect(await connection.tls?.()).toEqual({ ca: "ca-2" });
});

test("reads the token again at once after a 401", async () => {
  const connection = await inCluster({ host, port: 443, directory, scheduler });
  await writeFile(join(directory, "token"), "token-2");
  expect(await connection.authorize?.({ refresh: true })).toEqual({ authorization: "Bearer token-2" });
});

test("keeps the last token while the file cannot be read, and says so after a 401", async () => {
  const connection = await inCluster({ host, port: 443, directory, scheduler });
  await rm(join(directory, "token"));
  clock.at = 60_000;
  expect(await connection.authorize?.({ refresh: false })).toEqual({ authorization: "Bearer token-1" });
  await expect(connection.authorize?.({ refresh: true })).rejects.toMatchObject({ code: "KUBE_CONNECTION" });
});

test("a pod without a service account gets one clear line", async () => {
  await rm(join(directory, "token"));
  await expect(inCluster({ host, port: 443, directory })).rejects.toMatchObject({
    code: "KUBE_CONNECTION",
    message: expect.stringMatching(/cannot be read: ENOENT.*Check the pod's automountServiceAccountToken\.$/),
  });
});

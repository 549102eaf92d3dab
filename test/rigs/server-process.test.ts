import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logTail, startServer } from "./server-process.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-server-process-"));
});
afterEach(() => rm(directory, { recursive: true }));

const shell = (script: string) => ({
  name: "sh",
  command: "/bin/sh",
  args: ["-c", script],
  logPath: join(directory, "log"),
});

test("a server dies with a parent that is SIGKILLed", async () => {
  const script = join(directory, "parent.mjs");
  const module = pathToFileURL(join(import.meta.dirname, "server-process.ts")).href;
  await writeFile(
    script,
    `import { startServer } from ${JSON.stringify(module)};
     const server = await startServer(${JSON.stringify({ ...shell("exec sleep 600") })});
     console.log(server.pid);
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = Number(await new Promise((resolve) => createInterface(parent.stdout).once("line", resolve)));
  expect(isRunning(pid)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false);
});

test("does not keep its parent alive once the server has ended", async () => {
  const script = join(directory, "parent.mjs");
  const module = pathToFileURL(join(import.meta.dirname, "server-process.ts")).href;
  await writeFile(
    script,
    `import { startServer } from ${JSON.stringify(module)};
     const server = await startServer(${JSON.stringify(shell("exec sleep 600"))});
     await server.stop();`,
  );
  const parent = spawn(process.execPath, [script], { stdio: "inherit" });
  expect(await new Promise((resolve) => parent.once("exit", resolve))).toBe(0);
});

test("stop kills a server that ignores SIGTERM after the grace period", async () => {
  const server = await startServer(shell("trap '' TERM; echo up; while :; do sleep 0.05; done"));
  await expect.poll(() => logTail(server.logPath)).toBe("up");
  await server.stop("SIGTERM", 100);
  expect(await server.ended).toBe("SIGKILL");
  expect(server.running).toBe(false);
});

test("tells how a server ended, and keeps both outputs in its log", async () => {
  const server = await startServer(shell("echo out; echo err >&2; exit 3"));
  expect(await server.ended).toBe("exit code 3");
  expect(await logTail(server.logPath)).toBe("out\nerr");
  expect(await logTail(server.logPath, 1)).toBe("err");
  await server.stop();
});

test("rejects when the command does not exist", async () => {
  const options = { ...shell(""), command: join(directory, "missing") };
  await expect(startServer(options)).rejects.toThrow("ENOENT");
});

/** False for a zombie too: it has ended, and only its parent has not asked how. */
function isRunning(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

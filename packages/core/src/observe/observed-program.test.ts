import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Script, ScriptedServer } from "../kube/scripted-server-fixture.ts";
import { parseExposition, sampleValue } from "./exposition-fixture.ts";

const program = fileURLToPath(new URL("./observed-program-fixture.ts", import.meta.url));

/** A request that was denied: what the issuer says of it needs no PKI. */
const denied = (name: string) => ({
  metadata: {
    name,
    namespace: "team",
    uid: `uid-${name}`,
    resourceVersion: "5",
    creationTimestamp: "2026-05-01T00:00:00Z",
  },
  spec: {
    issuerRef: { group: "pki.example.com", kind: "AcmeIssuer", name: "acme" },
    request: "",
    username: "mallory",
    groups: ["system:authenticated"],
  },
  status: {
    conditions: [
      {
        type: "Denied",
        status: "True",
        reason: "policy.cert-manager.io",
        message: "No policy allows it",
        lastTransitionTime: "2026-05-01T00:00:01Z",
      },
    ],
  },
});

/** The part of the Kubernetes API that the program needs. The first list has one request; `push` makes another. */
function kubernetes() {
  let push: ((name: string) => void) | undefined;
  const script: Script = (response, { method, path, query, body }) => {
    response.setHeader("content-type", "application/json");
    const requests = path === "/apis/cert-manager.io/v1/certificaterequests";
    if (method === "PATCH") {
      const name = path.split("/").at(-2) ?? "";
      return void response.end(JSON.stringify({ ...denied(name), ...JSON.parse(body) }));
    }
    if (method === "POST") return void response.writeHead(201).end(body);
    if (query.get("watch") !== null) {
      response.flushHeaders();
      if (requests)
        push = (name) => response.write(`${JSON.stringify({ type: "ADDED", object: denied(name) })}\n`);
      return;
    }
    const items = requests ? [denied("first")] : [];
    response.end(JSON.stringify({ metadata: { resourceVersion: "10" }, items }));
  };
  return { script, push: (name: string) => push?.(name) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("an issuer as a program, seen from outside", () => {
  let folder: string;
  let child: ChildProcessByStdio<null, Readable, Readable> | undefined;
  let output = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-observed-"));
    output = "";
  });
  afterEach(async () => {
    if (child?.exitCode === null) child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });

  async function start(server: string, ...argv: readonly string[]) {
    const kubeconfig = join(folder, "kubeconfig");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    const args = ["--no-warnings", program, "--kubeconfig", kubeconfig];
    child = spawn(process.execPath, [...args, ...argv], { stdio: ["ignore", "pipe", "pipe"], env: {} });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    return child;
  }

  test("serves metrics, writes an audit log, and opens its file anew on SIGHUP", async () => {
    const { script, push } = kubernetes();
    await using server = await ScriptedServer.start(script);
    const metricsPort = await freePort();
    const audit = join(folder, "audit.jsonl");
    const { port } = server;
    const running = await start(
      `http://127.0.0.1:${port}`,
      "--metrics-port",
      String(metricsPort),
      "--audit-log",
      audit,
    );
    const names = async (file: string) =>
      (await readFile(file, "utf8"))
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).request.name);
    const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 10_000, interval: 50 });
    await eventually(async () => expect(await names(audit), output).toEqual(["first"]));
    expect((await stat(audit)).mode & 0o777).toBe(0o600);
    const [line] = (await readFile(audit, "utf8")).split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      event: "denied",
      requester: { username: "mallory", groups: ["system:authenticated"] },
      approval: { approved: false, reason: "policy.cert-manager.io", message: "No policy allows it" },
    });

    const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const metrics = parseExposition(await answer.text());
    // No such issuer exists, so it has no series of its own.
    const labels = { issuer_name: "other", result: "denied" };
    expect(sampleValue(metrics, "countersign_sign_total", labels)).toBe(1);
    expect(sampleValue(metrics, "countersign_leader")).toBe(1);
    const watched = metrics.get("countersign_watch_last_contact_age_seconds")?.samples ?? [];
    expect(watched.map((sample) => sample.labels.resource).sort()).toEqual([
      "acmeissuers.pki.example.com",
      "certificaterequests.cert-manager.io",
      "certificatesigningrequests.certificates.k8s.io",
    ]);

    await rename(audit, `${audit}.1`);
    running.kill("SIGHUP");
    await eventually(() => stat(audit));
    push("second");
    await eventually(async () => expect(await names(audit), output).toEqual(["second"]));
    expect(await names(`${audit}.1`)).toEqual(["first"]);

    running.kill("SIGTERM");
    const [code] = await once(running, "exit");
    expect({ code, output: output.match(/"msg":"stopped"/)?.length }).toEqual({ code: 0, output: 1 });
  });

  test("ends with one line that says what to do when the metrics port is taken", async () => {
    await using server = await ScriptedServer.start(kubernetes().script);
    const { port } = server;
    const audit = join(folder, "audit.jsonl");
    const running = await start(
      `http://127.0.0.1:${port}`,
      "--metrics-port",
      String(port),
      "--audit-log",
      audit,
    );
    const [code] = await once(running, "exit");
    expect({ code, output }).toEqual({
      code: 1,
      output: `Metrics cannot be served on port ${port} (EADDRINUSE). Choose another with --metrics-port.\n`,
    });
  });
});

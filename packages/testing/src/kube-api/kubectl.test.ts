import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type KubeApi, startKubeApi } from "./start-kube-api.ts";
import { widgetCrd } from "./testing-client.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

/** A kubectl that talks to one embedded API as its admin. */
async function kubectlFor(api: KubeApi) {
  const home = await mkdtemp(join(tmpdir(), "kubectl-"));
  const kubeconfig = join(home, "config");
  await writeFile(kubeconfig, api.kubeconfigYaml());
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig };
  const run = async (...args: readonly string[]) =>
    (await promisify(execFile)("kubectl", [...args], { env })).stdout;
  const file = async (name: string, object: object) => {
    await writeFile(join(home, name), JSON.stringify(object));
    return join(home, name);
  };
  return { run, file };
}

const widget = {
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name: "demo" },
  spec: { size: 1, color: "red" },
};

describe.skipIf(!hasKubectl)("kubectl", () => {
  test("creates, shows, patches and deletes custom resources", async () => {
    await using api = await startKubeApi();
    const { run, file } = await kubectlFor(api);
    await run("create", "--validate=false", "-f", await file("crd.json", widgetCrd));
    await run("wait", "--for=condition=Established", "crd/widgets.example.com");
    await run("create", "-f", await file("widget.json", widget));
    const ready = { status: { conditions: [{ type: "Ready", status: "True" }] } };
    await run("patch", "wd", "demo", "--subresource=status", "--type=merge", "-p", JSON.stringify(ready));
    expect((await run("get", "widget")).replaceAll(/ +/g, " ")).toMatch(/^NAME READY AGE\ndemo True \d+s\n$/);
    expect(await run("get", "widgets", "-o", "jsonpath={.items[*].spec.mode}")).toBe("fast");
    expect(await run("get", "widgets", "--field-selector", "spec.color=blue", "-o", "name")).toBe("");
    expect(await run("delete", "widget", "demo")).toContain("deleted");
  });

  test("applies, on the client's side and on the server's", async () => {
    await using api = await startKubeApi();
    const { run, file } = await kubectlFor(api);
    await run("apply", "--server-side", "-f", await file("crd.json", widgetCrd));
    const path = await file("widget.json", widget);
    expect(await run("apply", "-f", path)).toContain("created");
    expect(await run("apply", "-f", path)).toContain("unchanged");
    const other = { ...widget, metadata: { name: "other" } };
    expect(await run("apply", "--server-side", "-f", await file("other.json", other))).toContain(
      "serverside-applied",
    );
    const typo = await file("typo.json", { ...other, spec: { size: 1, colour: "red" } });
    await expect(run("apply", "-f", typo)).rejects.toThrow('unknown field "spec.colour"');
  });

  test("watches until the object is gone", async () => {
    await using api = await startKubeApi();
    const { run, file } = await kubectlFor(api);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "b" } };
    await run("create", "-f", await file("secret.json", secret));
    const waiting = run("wait", "--for=delete", "secret/s", "--timeout=10s");
    await expect.poll(() => api.openWatches).toBe(1);
    await run("delete", "secret", "s");
    expect(await waiting).toContain("condition met");
  });

  test("shows built-in resources with their columns", async () => {
    await using api = await startKubeApi();
    const { run } = await kubectlFor(api);
    expect(await run("get", "namespaces")).toMatch(/^NAME +STATUS +AGE\n/);
    expect(await run("api-resources", "-o", "name")).toContain(
      "certificatesigningrequests.certificates.k8s.io",
    );
    expect(await run("version")).toContain("Server Version: v1.35");
  });
});

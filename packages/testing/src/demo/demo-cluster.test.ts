import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { startIssuerProgram } from "../../../../test/e2e/fixtures/issuer-program.ts";
import { manifestTypes } from "../../../../test/e2e/resources.ts";
import { startTestCluster, type TestCluster, type TestObject } from "../test-cluster.ts";
import { runDemoProcess } from "./demo-fixture.ts";

describe.each([["software-ca"], ["http-pki"]])("the demonstration of %s against a cluster", (name) => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    folder = await mkdtemp(join(tmpdir(), "countersign-demo-cluster-"));
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function kubeconfig(namespace: string, account: string): Promise<string> {
    const path = join(folder, "config");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: cluster.api.url } }],
      users: [{ name: "u", user: { token: cluster.api.token({ namespace, name: account }) } }],
      contexts: [{ name: "issuer", context: { cluster: "c", user: "u", namespace } }],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  test("prints manifests that the API takes, and with which the issuer may run until it is stopped", async (context) => {
    const printed = await runDemoProcess(name, ["--print-manifests"], { cwd: folder });
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    const manifests = [...parseAllDocuments(printed.stdout)].map((document) => document.toJS() as TestObject);
    for (const manifest of manifests) {
      const type = manifestTypes.find(({ kind }) => kind === manifest.kind);
      if (type === undefined) throw new Error(`no resource is known for the kind ${manifest.kind}`);
      await cluster.apply(type, manifest);
    }
    const account = manifests.find(({ kind }) => kind === "ServiceAccount")?.metadata;
    const { namespace = "", name: accountName = "" } = account ?? {};
    const file = await kubeconfig(namespace, accountName);
    const argv = ["--kubeconfig", file, "--context", "issuer"];
    const program = startIssuerProgram(context, `${name}/src/demo.ts`, argv);
    await program.logged("watching");
    expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null, stderr: "" });
    expect(program.lines.filter(({ msg }) => msg === "trouble")).toEqual([]);
    const mine = cluster.api.requests.filter(
      ({ user }) => user === `system:serviceaccount:${namespace}:${accountName}`,
    );
    expect(mine.length).toBeGreaterThan(5);
    expect(mine.filter(({ code }) => code >= 400)).toEqual([]);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issued } from "@countersign/issuer-signer";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { issuerHelp } from "./arguments.ts";
import { runIssuer } from "./run-issuer.ts";

const define = (group: string, kind: string) =>
  defineIssuer({
    group,
    version: "v1",
    kinds: { namespaced: kind, cluster: `${kind}Cluster` },
    spec: z.object({ url: z.url() }),
    connect: () => ({ check: async () => {}, sign: async () => issued({ chain: "" }) }),
  });
const acme = define("acme.example.com", "Acme");
const other = define("other.example.com", "Other");

/** What a program wrote and with which code it would end. */
interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a program that ends by itself. */
async function run(definitions: Parameters<typeof runIssuer>[0], ...argv: readonly string[]): Promise<Run> {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      output[name] += chunk;
      return true;
    });
  }
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await runIssuer(definitions, { argv, env: {} });
    return { ...output, exitCode: Number(process.exitCode ?? 0) };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

const objects = (yaml: string) => {
  return [...parseAllDocuments(yaml)].map((document) => document.toJS() as Manifest);
};

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
}

describe("an issuer as a program", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-run-issuer-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Writes a kubeconfig whose only context is `only`. */
  async function kubeconfig(name: string, server: string): Promise<string> {
    const path = join(folder, name);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "only", context: { cluster: "c", user: "u" } }],
      "current-context": "only",
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  test("explains itself on standard output and ends well", async () => {
    expect(await run(acme, "--help")).toEqual({ stdout: issuerHelp, stderr: "", exitCode: 0 });
  });

  test("prints the manifests of its definition, with its ServiceAccount where the Secrets are", async () => {
    const { stdout, stderr, exitCode } = await run(
      acme,
      "--print-manifests",
      "--cluster-resource-namespace",
      "pki",
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(objects(stdout).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "CustomResourceDefinition acmes.acme.example.com",
      "CustomResourceDefinition acmeclusters.acme.example.com",
      "ServiceAccount acmes.acme.example.com",
      "ClusterRole acmes.acme.example.com:controller",
      "ClusterRoleBinding acmes.acme.example.com:controller",
      "Role acmes.acme.example.com:leader-election",
      "RoleBinding acmes.acme.example.com:leader-election",
      "ClusterRole acmes.acme.example.com:approver",
      "ClusterRoleBinding acmes.acme.example.com:approver",
    ]);
    const account = objects(stdout).find(({ kind }) => kind === "ServiceAccount");
    expect(account?.metadata.namespace).toBe("pki");
  });

  test("prints the Role for its Lease, of the name and in the namespace that are given, or none", async () => {
    const roles = async (...argv: readonly string[]) =>
      objects((await run([acme, other], "--print-manifests", ...argv)).stdout).filter(
        ({ kind }) => kind === "Role",
      );
    expect(await roles("--cluster-resource-namespace", "pki")).toMatchObject([
      { metadata: { namespace: "pki" }, rules: [{}, { resourceNames: ["acmes.acme.example.com"] }] },
    ]);
    expect(
      await roles("--leader-elect-lease-name", "lock", "--leader-elect-namespace", "locks"),
    ).toMatchObject([{ metadata: { namespace: "locks" }, rules: [{}, { resourceNames: ["lock"] }] }]);
    expect(await roles("--no-leader-elect")).toEqual([]);
  });

  test("prints Roles for the namespaces that it is to serve, and no right beyond them but the approver's", async () => {
    const argv = ["--print-manifests", "--watch-namespace=team-a", "--watch-namespace=team-b"];
    const { stdout } = await run(acme, ...argv, "--cluster-resource-namespace=pki");
    const roles = objects(stdout).filter(({ kind }) => !kind.endsWith("Binding"));
    expect(
      roles.map(({ kind, metadata: { name, namespace = "-" } }) => `${kind} ${namespace}/${name}`),
    ).toEqual([
      "CustomResourceDefinition -/acmes.acme.example.com",
      "ServiceAccount pki/acmes.acme.example.com",
      "Role team-a/acmes.acme.example.com:controller",
      "Role team-b/acmes.acme.example.com:controller",
      "Role pki/acmes.acme.example.com:leader-election",
      "ClusterRole -/acmes.acme.example.com:approver",
    ]);
  });

  test("refuses to serve some namespaces where there is no namespaced kind", async () => {
    const { spec, group } = acme;
    const connect = acme.connect as never;
    const cluster = defineIssuer({ group, version: "v1", kinds: { cluster: "AcmeCluster" }, spec, connect });
    const { stderr, exitCode } = await run(cluster, "--print-manifests", "--watch-namespace=team-a");
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "Expected a definition with a namespaced kind to be served in some namespaces, got acme.example.com with cluster kinds alone\n",
    );
  });

  test("that serves two definitions prints one ServiceAccount, to which the roles of both are bound", async () => {
    const all = objects((await run([acme, other], "--print-manifests")).stdout);
    const accounts = all.filter(({ kind }) => kind === "ServiceAccount");
    expect(accounts.map(({ metadata }) => metadata)).toMatchObject([
      { name: "acmes.acme.example.com", namespace: "default" },
    ]);
    const bound = all.filter(
      ({ kind, metadata }) => kind === "ClusterRoleBinding" && /controller$/.test(metadata.name),
    );
    expect(bound.map(({ subjects }) => subjects?.[0])).toMatchObject([
      { name: "acmes.acme.example.com", namespace: "default" },
      { name: "acmes.acme.example.com", namespace: "default" },
    ]);
  });

  test("refuses a wrong command line with exit code 2 and one line", async () => {
    const { stdout, stderr, exitCode } = await run(acme, "--log-level", "loud");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toMatch(/^--log-level expects one of [^\n]*\n$/);
  });

  test.each([
    [
      "a kubeconfig that is not there",
      async () => ["--kubeconfig", join(folder, "nowhere")],
      /cannot be read \(ENOENT\)/,
    ],
    [
      "a context that it lacks",
      async () => ["--kubeconfig", await kubeconfig("a", "https://127.0.0.1:1"), "--context", "prod"],
      /no context prod\. There are: only\./,
    ],
    [
      "a cluster that does not answer",
      async () => ["--kubeconfig", await kubeconfig("b", "https://127.0.0.1:1")],
      /127\.0\.0\.1:1 refused the connection\. Check/,
    ],
    ["no way to a cluster at all", async () => [], /There is no kubeconfig/],
  ])("given %s ends with exit code 1 and one line that says what to do", async (_, argv, message) => {
    const { stdout, stderr, exitCode } = await run(acme, ...(await argv()));
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^[^\n]{20,400}\n$/);
  });
});

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readmeExamples } from "./readme-examples.ts";

const root = resolve(import.meta.dirname, "../..");
const packages = ["signer", "core", "testing", "vault", "ejbca", "venafi", "webhook", "pkcs11-hsm"] as const;
const manifest = z.object({ devDependencies: z.record(z.string(), z.string()) });

/**
 * What a user gets: the packages as `pnpm pack` would publish them, installed by npm into a project that knows nothing
 * of this workspace, with the examples of the packages' READMEs as that project's source.
 */
describe("packed packages", () => {
  let project: string;
  let installed: string;

  const runIn = (cwd: string, command: string, ...args: string[]) =>
    promisify(execFile)(command, args, { cwd, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 }).catch(
      (error: { stdout?: string; stderr?: string; message: string }) => {
        throw new Error(
          `${command} ${args.join(" ")}\n${error.stdout ?? ""}${error.stderr ?? error.message}`,
        );
      },
    );
  const run = (command: string, ...args: string[]) => runIn(project, command, ...args);

  beforeAll(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), "countersign-packed-")));
    installed = join(project, "node_modules", "@countersign");
    // pnpm reads the filter relative to the folder it runs in, and calls it success when nothing matches.
    await runIn(root, "pnpm", "-r", "--filter", "./packages/*", "--fail-if-no-match", "run", "build");
    for (const name of packages) {
      await runIn(join(root, "packages", name), "pnpm", "pack", "--out", join(project, `${name}.tgz`));
    }

    const { devDependencies: ours } = manifest.parse(
      JSON.parse(await readFile(join(root, "package.json"), "utf8")),
    );
    const consumer = {
      name: "consumer",
      private: true,
      type: "module",
      dependencies: {
        ...Object.fromEntries(packages.map((name) => [`@countersign/issuer-${name}`, `file:./${name}.tgz`])),
        zod: ours.zod,
      },
      devDependencies: { "@types/node": ours["@types/node"], typescript: ours.typescript },
    };
    await writeFile(join(project, "package.json"), JSON.stringify(consumer));
    await run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--strict-peer-deps");

    await mkdir(join(project, "src"));
    for (const name of packages) {
      const readme = await readFile(join(root, "packages", name, "README.md"), "utf8");
      for (const example of readmeExamples(readme)) {
        await writeFile(join(project, "src", example.file), example.source, { flag: "wx" });
      }
    }
  }, 300_000);

  afterAll(() => rm(project, { recursive: true, force: true }));

  test("npm finds every dependency, and one copy of each package", async () => {
    await run("npm", "ls", "--all");
    expect((await readdir(installed)).sort()).toEqual(packages.map((name) => `issuer-${name}`).sort());
    for (const name of packages) {
      const nested = join(installed, `issuer-${name}`, "node_modules", "@countersign");
      await expect(readdir(nested)).rejects.toThrow("ENOENT");
    }
  });

  test.each(packages)("%s ships dist, licence and README, and neither source nor tests", async (name) => {
    const files = await readdir(join(installed, `issuer-${name}`));
    expect(files.sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
    const shipped = await readFile(join(installed, `issuer-${name}`, "package.json"), "utf8");
    expect(shipped).not.toMatch(/@countersign\/source|workspace:|"\.\/src\//);
  });

  test("tsc --strict accepts every README example, the declarations of all dependencies included", async () => {
    const options = [
      "--strict",
      "--noEmit",
      "--skipLibCheck",
      "false",
      "--exactOptionalPropertyTypes",
      "--erasableSyntaxOnly",
    ];
    const target = ["--target", "es2024", "--module", "nodenext", "--types", "node"];
    const examples = await readdir(join(project, "src"));
    expect(examples.length).toBeGreaterThanOrEqual(packages.length);
    const files = examples.map((file) => join("src", file));
    await run("npx", "--no-install", "tsc", ...options, "--allowImportingTsExtensions", ...target, ...files);
  });

  test("tsc --strict refuses an outcome that is neither issued nor pending", async () => {
    const wrong = join(project, "wrong.ts");
    await writeFile(
      wrong,
      `import type { SignOutcome } from "@countersign/issuer-core";\nexport const outcome: SignOutcome = { status: "done" };\n`,
    );
    await expect(
      run("npx", "--no-install", "tsc", "--strict", "--noEmit", "--module", "nodenext", wrong),
    ).rejects.toThrow(/TS2322.*"done"/);
  });

  test("plain node runs a whole issuance, as the README of testing has it", async () => {
    const { stdout } = await run(process.execPath, "--test", "--test-reporter=tap", "src/issuer.test.ts");
    expect(stdout).toMatch(/^ok 1 - a Certificate gets its Secret$/m);
    expect(stdout).toMatch(/^# pass 1$/m);
  });

  test("plain node runs the program of core's README as far as --print-manifests", async () => {
    const { stdout } = await run(process.execPath, "src/main.ts", "--print-manifests");
    expect(stdout).toContain("acmeclusterissuers.pki.example.com");
    expect(stdout).toMatch(/^kind: ClusterRole$/m);
  });

  test("core starts where client-node is not installed: only a kubeconfig loads it", async () => {
    const clientNode = join(project, "node_modules", "@kubernetes");
    const print = (...args: string[]) => run(process.execPath, "src/main.ts", ...args);
    await rename(clientNode, `${clientNode}-away`);
    try {
      await print("--print-manifests");
      await expect(print("--kubeconfig", "none")).rejects.toThrow("client-node");
    } finally {
      await rename(`${clientNode}-away`, clientNode);
    }
  });
});

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readmeExamples } from "./readme-examples.ts";

const root = resolve(import.meta.dirname, "../..");
const packages = ["signer", "core", "testing"] as const;
const manifest = z.object({ devDependencies: z.record(z.string(), z.string()) });

/**
 * What a user gets: the packages as `pnpm pack` would publish them, installed by npm into a project that knows nothing
 * of this workspace, with the examples of the packages' READMEs as that project's source.
 */
describe("packed packages", () => {
  let project: string;
  let installed: string;

  const run = (command: string, ...args: string[]) =>
    promisify(execFile)(command, args, { cwd: project, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 }).catch(
      (error: { stdout?: string; stderr?: string; message: string }) => {
        throw new Error(
          `${command} ${args.join(" ")}\n${error.stdout ?? ""}${error.stderr ?? error.message}`,
        );
      },
    );

  beforeAll(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), "countersign-packed-")));
    installed = join(project, "node_modules", "@countersign");
    await run("pnpm", "--dir", root, "--recursive", "--filter", "./packages/*", "run", "build");
    for (const name of packages) {
      await run("pnpm", "--dir", join(root, "packages", name), "pack", "--out", join(project, `${name}.tgz`));
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
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--exactOptionalPropertyTypes"];
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
});

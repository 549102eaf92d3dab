// Every check that needs no test run: style, types, the published shape of the packages, dead code, API docs.
//
//   node tools/check.mjs [--only NAME]…
//
// Started by `npm run check`, which puts the pinned tools first in PATH. One line per step; a step's own output appears
// only when it fails. Every step runs even when an earlier one failed, so that one run shows all there is to mend.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Runs one command; resolves with its exit code and what it wrote, the two streams in order of arrival. */
async function run(command, ...args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise((done) => {
    child.once("error", (error) => {
      output += `${command}: ${error.message}\n`;
      done(127);
    });
    child.once("close", (exit) => done(exit ?? 1));
  });
  return { code, output: stripVTControlCharacters(output) };
}

/** Runs commands one after another up to the first that fails. */
async function inTurn(commands) {
  let output = "";
  for (const command of commands) {
    const result = await run(...command);
    output += result.output;
    if (result.code !== 0) return { code: result.code, output };
  }
  return { code: 0, output };
}

const packages = (await readdir(join(root, "packages"))).sort();
const tarballs = await mkdtemp(join(tmpdir(), "countersign-check-"));
const tarball = (name) => join(tarballs, `${name}.tgz`);

// Order matters once: publint and attw read what `pack` made of what `build` made. They get pnpm's tarballs because
// npm's own `pack` ignores `publishConfig.exports` and would show them the exports of the source tree.
const steps = {
  lint: () => run("biome", "ci", "--error-on-warnings", "."),
  types: () => run("tsc", "-p", "."),
  build: () => run("pnpm", "-r", "--filter", "./packages/*", "--fail-if-no-match", "run", "build"),
  pack: () =>
    inTurn(packages.map((name) => ["pnpm", "-C", `packages/${name}`, "pack", "--out", tarball(name)])),
  publint: () => inTurn(packages.map((name) => ["publint", "run", "--strict", tarball(name)])),
  attw: () => inTurn(packages.map((name) => ["attw", tarball(name), "--profile", "esm-only", "--no-emoji"])),
  knip: () => run("knip", "--no-progress"),
  docs: () => run("typedoc", "--emit", "none"),
};
const needs = { pack: ["build"], publint: ["build", "pack"], attw: ["build", "pack"] };

const names = Object.keys(steps);
const HELP = `Usage: npm run check -- [--only NAME]…

  lint     biome: format, imports, lint rules
  types    tsc over packages, examples and tests, from source
  build    tsup: ESM and declarations of every package
  pack     pnpm pack of every package, as it would be published (builds first)
  publint  the packed manifests and files
  attw     how TypeScript resolves the packed types (profile esm-only)
  knip     unused files, exports and dependencies
  docs     typedoc without output: broken links and undocumented exports fail

  --only NAME  run this step and what it needs; may be given several times
  --help       this text
`;

async function main() {
  const { values } = parseArgs({
    options: { only: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`Expected \`--only\` to be one of ${names.join(", ")}, got \`${unknown}\``);
  const wanted = new Set(values.only?.flatMap((name) => [...(needs[name] ?? []), name]) ?? names);

  const failed = new Set();
  for (const name of names.filter((step) => wanted.has(step))) {
    const missing = needs[name]?.find((step) => failed.has(step));
    if (missing !== undefined) {
      failed.add(name);
      process.stdout.write(`FAIL  ${name.padEnd(8)} not run: ${missing} failed\n`);
      continue;
    }
    const started = Date.now();
    const { code, output } = await steps[name]();
    const seconds = `${((Date.now() - started) / 1000).toFixed(1)} s`;
    process.stdout.write(`${code === 0 ? "ok  " : "FAIL"}  ${name.padEnd(8)} ${seconds.padStart(7)}\n`);
    if (code === 0) continue;
    failed.add(name);
    process.stdout.write(`${output.trimEnd().replace(/^/gm, "      ")}\n`);
  }
  return failed.size === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
} finally {
  await rm(tarballs, { recursive: true, force: true });
}

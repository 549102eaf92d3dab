// Installs what a command needs and runs it under a Node and a pnpm that are new enough.
//
//   node tools/with-runtime.mjs [--only EXAMPLE] <command> [args…]
//
// --only EXAMPLE installs what examples/EXAMPLE and its workspace packages need and nothing else (no linters, no native
// add-ons); without it the whole workspace is installed. Everything lands inside the checkout. A second run finds the
// stamps and starts the command at once.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const runtime = join(root, "tools", "runtime");
const runtimeModules = join(runtime, "node_modules");
const env = { ...process.env };
const argv = process.argv.slice(2);
// npm names its own cache in the environment of its scripts, so an assignment only where there is none would do nothing.
env.npm_config_cache = join(root, ".countersign", "npm-cache");
const only = argv[0] === "--only" ? argv.splice(0, 2)[1] : undefined;

/** Runs one command to its end, hands signals on, and ends this process when the command fails. */
async function run(command, args, { cwd = root, quiet = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    shell: process.platform === "win32",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const forward = (signal) => child.kill(signal);
  const ignore = () => {}; // a terminal sends SIGINT to the whole group: the child has it already
  process.on("SIGTERM", forward).on("SIGINT", ignore);
  const code = await new Promise((done) => {
    child.on("error", (error) => {
      output += `${command}: ${error.message}\n`;
      done(127);
    });
    child.on("close", (exit, signal) => done(exit ?? (signal === "SIGINT" ? 130 : 143)));
  });
  process.off("SIGTERM", forward).off("SIGINT", ignore);
  if (code !== 0) {
    if (output) process.stderr.write(output);
    process.exit(code);
  }
}

/** Runs `install` unless `stamp` already holds `key`; says what it does, since it may take half a minute. */
async function once(stamp, key, what, install) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  const started = Date.now();
  process.stderr.write(`countersign: installing ${what} …\n`);
  await install();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
  process.stderr.write(`countersign: installed ${what} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

const runtimeLock = readFileSync(join(runtime, "package-lock.json"), "utf8");
await once(join(runtimeModules, ".installed-lock"), runtimeLock, "Node and pnpm (tools/runtime)", () =>
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: runtime, quiet: true }),
);

// First in PATH: every nested script finds this Node and this pnpm by name.
const os = process.platform === "win32" ? "win" : process.platform;
const bundled = join(runtimeModules, `node-${os}-${process.arch}`);
env.PATH = [join(runtimeModules, ".bin"), join(root, "node_modules", ".bin"), env.PATH].join(delimiter);
if (existsSync(bundled)) {
  env.PATH = [join(bundled, "bin"), env.PATH].join(delimiter);
  env.npm_config_nodedir = bundled; // its headers, for native add-ons
} else {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 19)) {
    process.stderr.write(
      `countersign: Node ${process.versions.node} is too old and no newer one is packaged for ${process.platform}-${process.arch}. Install Node 22.19 or newer and run this again.\n`,
    );
    process.exit(1);
  }
}

// Stores and caches stay inside the checkout too, unless the caller has said where they are.
const local = join(root, ".countersign");
env.pnpm_config_store_dir ??= join(local, "pnpm-store");
env.pnpm_config_cache_dir ??= join(local, "pnpm-cache");
env.pnpm_config_state_dir ??= join(local, "pnpm-state");

// `pnpm install` rewrites node_modules, so it runs only when a lockfile or a manifest changed.
const manifests = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"];
const key = manifests.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
const full = join(root, "node_modules", ".countersign-full");
if (only === undefined) {
  await once(full, key, "the workspace", () =>
    run("pnpm", ["install", "--frozen-lockfile", "--reporter=append-only"], { quiet: true }),
  );
} else if (!(existsSync(full) && readFileSync(full, "utf8") === key)) {
  await once(join(root, "node_modules", `.countersign-only-${only}`), key, `examples/${only}`, () =>
    run(
      "pnpm",
      ["install", "--frozen-lockfile", "--filter", `{./examples/${only}}...`, "--reporter=append-only"],
      { quiet: true },
    ),
  );
}

await run(argv[0], argv.slice(1));

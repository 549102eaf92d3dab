import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rigCacheDirectory } from "./build-rig.ts";
import { runTool } from "./pkcs11-tools.ts";

/**
 * Compiles a C file of this folder against the PKCS#11 headers that pkcs11js ships, once for each content: `so` as a
 * shared library, `exe` as a program. Resolves to its path in the cache of the rigs.
 */
export async function buildNative(source: string, kind: "so" | "exe"): Promise<string> {
  const path = join(import.meta.dirname, source);
  const require = createRequire(join(import.meta.dirname, "../../packages/pkcs11-hsm/package.json"));
  const headers = join(dirname(require.resolve("pkcs11js/package.json")), "includes", "pkcs11");
  const key = createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 12);
  const name = source.replace(/^.*\/|\.c$/g, "");
  const target = join(rigCacheDirectory(), `${name}-${key}${kind === "so" ? ".so" : ""}`);
  if (
    await stat(target).then(
      () => true,
      () => false,
    )
  )
    return target;
  await mkdir(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}.tmp`;
  const shared = kind === "so" ? ["-shared", "-fPIC"] : [];
  await runTool("gcc", [
    ...shared,
    "-O2",
    "-Wall",
    "-I",
    headers,
    "-o",
    unfinished,
    path,
    "-ldl",
    "-lpthread",
  ]);
  await rename(unfinished, target);
  return target;
}

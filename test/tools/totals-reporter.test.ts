import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reporter = join(root, "test/tools/totals-reporter.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-totals-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The last line of a vitest run over these files, and its exit code. */
function totals(files: Readonly<Record<string, string>>) {
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
  const args = [vitest, "run", "--globals", "--root", folder, "--reporter", reporter];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: folder });
  return { status, last: stdout.trimEnd().split("\n").at(-1) };
}

test("counts passed, failed, skipped and todo", () => {
  const source = `
    test("a", () => {});
    test("b", () => {});
    test("c", () => { throw new Error("no"); });
    test.skip("d", () => {});
    test.todo("e");`;
  expect(totals({ "some.test.js": source })).toEqual({ status: 1, last: "2 passed, 1 failed, 2 skipped" });
});

test("counts a file that cannot be imported, and an error outside of tests, as failures", () => {
  const files = {
    "broken.test.js": `import "./missing.js";`,
    "late.test.js": `test("a", () => { void Promise.reject(new Error("unhandled")); });`,
  };
  expect(totals(files)).toEqual({ status: 1, last: "1 passed, 2 failed, 0 skipped" });
});

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildRig } from "../build-rig.ts";
import type { RigName } from "../rig.ts";

/** How one of the vendor's tests ended. */
export type VendorVerdict = "PASS" | "FAIL" | "SKIP";

/** Options of {@link runVendorTests}. */
export interface VendorTestsOptions {
  readonly rig: Extract<RigName, "venafi-vcert-tpp-tests" | "venafi-vcert-cloud-tests">;
  /** Names of the tests to run. */
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What the run of {@link runVendorTests} has shown. */
export interface VendorTestsResult {
  /** By name; a test that is not there was not run. */
  readonly verdicts: Readonly<Record<string, VendorVerdict>>;
  /** All that was printed. */
  readonly output: string;
}

/** Runs tests that the vendor wrote for its Go client, and runs against its products, against a simulator. */
export async function runVendorTests({ rig, names, env }: VendorTestsOptions): Promise<VendorTestsResult> {
  const { path: binary } = await buildRig(rig);
  const directory = await mkdtemp(join(tmpdir(), "countersign-vendor-tests-"));
  const only = `^(${names.join("|")})$`;
  const options = { cwd: directory, env: { HOME: directory, ...env }, maxBuffer: 64 * 1024 * 1024 };
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      binary,
      ["-test.v", "-test.timeout=100s", `-test.run=${only}`],
      options,
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== "number") reject(error);
        else resolve(`${stdout}${stderr}`);
      },
    );
  }).finally(() => rm(directory, { recursive: true }));
  const ends = output.matchAll(/^--- (PASS|FAIL|SKIP): (\w+) /gm);
  const verdicts = Object.fromEntries([...ends].map(([, verdict, name]) => [name, verdict as VendorVerdict]));
  return { verdicts, output };
}

/** What a whole success looks like. */
export function allPass(names: readonly string[]): Readonly<Record<string, VendorVerdict>> {
  return Object.fromEntries(names.map((name) => [name, "PASS"]));
}

import type { TestProject } from "vitest/node";
import { buildRig } from "./build-rig.ts";
import { RIGS, type RigName } from "./rig.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Rigs that cannot run here, each with the reason; empty where all can. */
    readonly missingRigs: Readonly<Partial<Record<RigName, string>>>;
  }
}

/**
 * Builds every rig before the first test. Where `CI=true` a rig that cannot be had fails the run; elsewhere the
 * suites that need it are skipped, and say why (see `describeWithRigs`).
 */
export default async function setup(project: TestProject): Promise<void> {
  const missing: Partial<Record<RigName, string>> = {};
  for (const name of Object.keys(RIGS) as RigName[]) {
    try {
      await buildRig(name, { log: (line) => process.stderr.write(`${line}\n`) });
    } catch (error) {
      if (process.env.CI === "true") throw error;
      missing[name] = error instanceof Error ? error.message : String(error);
      process.stderr.write(`rigs: ${name} is missing, its suites will be skipped: ${missing[name]}\n`);
    }
  }
  project.provide("missingRigs", missing);
}

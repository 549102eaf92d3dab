import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "examples/*/src/**/*.test.ts",
      "test/{contract,e2e,faults,rigs,tools}/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/*.real.test.ts"],
    typecheck: { enabled: true, include: ["packages/*/src/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
    // By default one worker on two cores: half of the time would be spent waiting for timers and child processes.
    maxWorkers: 2,
    // Some cases bound times, and share two cores with the other worker. A second try is shown in the output.
    retry: process.env.CI === "true" ? 1 : 0,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    reporters: ["default", "./test/tools/totals-reporter.ts"],
  },
});

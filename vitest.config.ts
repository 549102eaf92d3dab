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
    testTimeout: 20_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    reporters: ["default", "./test/tools/totals-reporter.ts"],
  },
});

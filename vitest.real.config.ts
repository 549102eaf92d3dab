import { defineConfig } from "vitest/config";

/** The tier that needs real servers (test/rigs). One file after another: they share two cores with kube-apiserver. */
export default defineConfig({
  test: {
    include: ["test/**/*.real.test.ts", "{packages,examples}/*/src/**/*.real.test.ts"],
    exclude: ["**/node_modules/**", "test/faults/**"],
    // Some cases bound times, and share two cores with kube-apiserver. A second try is shown in the output.
    retry: process.env.CI === "true" ? 1 : 0,
    globalSetup: ["./test/rigs/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    restoreMocks: true,
    reporters: ["default", "./test/tools/totals-reporter.ts"],
  },
});

import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line: `N passed, N failed, N skipped`. A file that cannot be imported counts as one failure. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      let broken = module.errors().length > 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === "pending" ? "skipped" : state] += 1;
        if (state === "failed") broken = false;
      }
      if (broken) count.failed += 1;
    }
    count.failed += errors.length;
    const line = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`;
    process.on("exit", () => process.stdout.write(line));
  }
}

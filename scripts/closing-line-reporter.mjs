// A vitest reporter that leaves the run's result as one line, "N passed, N failed", in the file named by
// ZLAB_CLOSING_LINE; files that fail to load and unhandled errors count as failed. Without the variable it does nothing.
import { writeFileSync } from "node:fs";

export default class ClosingLineReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.ZLAB_CLOSING_LINE;
    if (!file) return;
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
      }
    }
    writeFileSync(file, `${passed} passed, ${failed} failed\n`);
  }
}

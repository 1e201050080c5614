// The tests of the mutated package alone, reaching the sources of all packages. They run in one worker, those of single parts first:
// they find most mutants in milliseconds, and the first test that fails ends the run.

import { BaseSequencer } from "vitest/node";
import { defineConfig } from "vitest/config";

// Stryker works on a copy of the repository, and starts the tests in it.
const packages = `${process.cwd()}/packages/`;

// These judge whole programs of the kit over and over, which takes longer than all other tests together.
const LEFT_OUT = ["packages/zpool/test/planted-bugs.test.ts", "packages/zpool/test/kit.test.ts"];

// What runs a whole pool or machine for seconds: last, and only for mutants that all others let live.
const SLOW = [
  "**/*conformance*.test.ts",
  "**/golden*.test.ts",
  "**/fault-sweep.test.ts",
  "**/*-threads.test.ts",
  "**/churn.test.ts",
  "packages/hw-sim/test/{buddy,copies,memory,sharing}.test.ts",
  "packages/zsmalloc/test/{compaction,placement,sharded}.test.ts",
];
const SLOW_NAMES =
  /(conformance|golden|fault-sweep|-threads|churn|buddy|copies|memory|sharing|compaction|placement|sharded)[^/]*$/u;

class QuickFirst extends BaseSequencer {
  sort(specifications) {
    return specifications.toSorted((a, b) => rankOf(a) - rankOf(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

function rankOf({ moduleId }) {
  return Number(SLOW_NAMES.test(moduleId));
}

const quick = process.env.ZLAB_MUTATION_QUICK === "1";

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@zlab\/zpool\/testing$/, replacement: `${packages}zpool/src/testing/index.ts` },
      { find: /^@zlab\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    include: [`packages/${process.env.ZLAB_MUTATED_PACKAGE}/test/**/*.test.ts`],
    exclude: quick ? [...LEFT_OUT, ...SLOW] : LEFT_OUT,
    isolate: false,
    sequence: { sequencer: QuickFirst },
    testTimeout: 60_000,
  },
});

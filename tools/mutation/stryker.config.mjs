// Stryker's settings for one package, which ZLAB_MUTATED_PACKAGE names; the report goes to ZLAB_MUTATION_REPORT. The package's own
// tests judge its mutants; the conformance kit and the golden traces are among them.

import { createRequire } from "node:module";

const name = process.env.ZLAB_MUTATED_PACKAGE;
const vitestRunner = createRequire(import.meta.url).resolve("@stryker-mutator/vitest-runner");

export default {
  testRunner: "vitest",
  plugins: [vitestRunner],
  vitest: { configFile: "tools/mutation/vitest.config.mjs", related: false },
  mutate: [
    `packages/${name}/src/**/*.ts`,
    `!packages/${name}/src/index.ts`,
    `!packages/${name}/src/testing/**`, // the kit is a test itself; planted bugs judge it
  ],
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.ZLAB_MUTATION_JOBS ?? 1),
  tsconfigFile: "none.json", // else Stryker calls an interface of TypeScript 6
  timeoutMS: 4000,
  tempDirName: ".cache/stryker",
  ignorePatterns: ["dist", "docs", "packages/lab/corpus"],
  allowEmpty: false,
  reporters: ["json", "progress-append-only"],
  jsonReporter: { fileName: process.env.ZLAB_MUTATION_REPORT },
};

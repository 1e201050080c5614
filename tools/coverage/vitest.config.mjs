// Coverage of the sources of the packages that ZLAB_COVERED_PACKAGES names (the cores without it), each by the tests of all of them.

import { createRequire } from "node:module";
import { cores, root } from "../workspace.mjs";
import { defineConfig } from "vitest/config";

const names = process.env.ZLAB_COVERED_PACKAGES?.split(",") ?? cores;

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^@zlab\/zpool\/testing$/, replacement: `${root}packages/zpool/src/testing/index.ts` },
      { find: /^@zlab\/([^/]+)$/, replacement: `${root}packages/$1/src/index.ts` },
    ],
  },
  test: {
    include: names.map((name) => `packages/${name}/test/**/*.test.ts`),
    testTimeout: 300_000,
    coverage: {
      enabled: true,
      provider: "custom",
      customProviderModule: createRequire(import.meta.url).resolve("@vitest/coverage-v8"),
      include: names.map((name) => `packages/${name}/src/**/*.ts`),
      exclude: ["packages/*/src/testing/**"], // the kit is a test itself
      thresholds: { branches: 100 },
      reporter: ["text", "json-summary"],
      reportsDirectory: `${root}.cache/coverage`,
    },
  },
});

// The tests of the mutated package alone, reaching the sources of all packages.

import { defineConfig } from "vitest/config";

// Stryker works on a copy of the repository, and starts the tests in it.
const packages = `${process.cwd()}/packages/`;

// These judge whole programs of the kit over and over, which takes longer than all other tests together.
const SLOW = ["packages/zpool/test/planted-bugs.test.ts", "packages/zpool/test/kit.test.ts"];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@zlab\/zpool\/testing$/, replacement: `${packages}zpool/src/testing/index.ts` },
      { find: /^@zlab\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    include: [`packages/${process.env.ZLAB_MUTATED_PACKAGE}/test/**/*.test.ts`],
    exclude: SLOW,
    testTimeout: 60_000,
  },
});

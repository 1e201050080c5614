import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = fileURLToPath(new URL("./packages/", import.meta.url));

// Tests reach the sources, not dist: one alias for every door of every package.
const alias = [
  { find: /^@zlab\/zpool\/testing$/, replacement: `${packages}zpool/src/testing/index.ts` },
  { find: /^@zlab\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
];

const project = (name: string, root: string) => ({
  extends: true as const,
  test: { name, root, include: ["test/**/*.test.ts"] },
});

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: ["default", "./scripts/closing-line-reporter.mjs"],
    testTimeout: 120_000,
    maxWorkers: "100%", // the default leaves one core idle, which of two cores is half
    projects: [
      project("repository", "."),
      ...[
        "hw-sim",
        "codecs",
        "zpool",
        "zsmalloc",
        "zbud",
        "z3fold",
        "kmalloc-sim",
        "xvmalloc",
        "zblock",
        "zram",
        "lab",
      ].map((name) => project(name, `packages/${name}`)),
      project("benchmarks", "benchmarks"),
    ],
  },
});

import { defineConfig } from "vitest/config";

/** The long lane: slow, heavy or wall-clock tests, one file at a time so that they do not disturb each other. */
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.long.test.ts", "apps/*/test/**/*.long.test.ts", "benchmarks/**/*.long.test.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});

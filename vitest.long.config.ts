import { defineConfig } from "vitest/config";
import { chooseReporters } from "./tools/check/reporters.ts";

/** The long lane: slow, heavy or wall-clock tests, one file at a time so that they do not disturb each other. */
export default defineConfig({
  test: {
    include: [
      "packages/*/{src,test,sim}/**/*.long.test.ts",
      "apps/*/{src,test}/**/*.long.test.ts",
      "benchmarks/**/*.long.test.ts",
      "infra/test/**/*.long.test.ts",
      "tools/**/*.long.test.ts",
    ],
    exclude: ["**/node_modules/**"],
    globalSetup: "packages/conformance/src/canary-setup.ts",
    pool: "forks",
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    ...chooseReporters("long"),
  },
});

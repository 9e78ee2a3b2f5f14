import { defineConfig } from "vitest/config";
import { chooseReporters } from "./tools/check/reporters.ts";

/** The fast lane: pure tests and integration tests on a private MariaDB. `*.long.test.ts` belongs to the long lane. */
export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "packages/*/sim/**/*.test.ts",
      "apps/*/src/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "benchmarks/**/*.test.ts",
      "infra/test/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    exclude: ["**/*.long.test.ts", "**/node_modules/**"],
    globalSetup: "packages/conformance/src/canary-setup.ts",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    ...chooseReporters("fast"),
  },
});

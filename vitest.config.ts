import { defineConfig } from "vitest/config";

/** The fast lane: pure tests and integration tests on a private MariaDB. `*.long.test.ts` belongs to the long lane. */
export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "apps/*/src/**/*.test.ts", "apps/*/test/**/*.test.ts", "tools/**/*.test.ts"],
    exclude: ["**/*.long.test.ts", "**/node_modules/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

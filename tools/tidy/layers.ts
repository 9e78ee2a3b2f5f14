/** What one workspace member may depend on. The lint configuration and tidy are both derived from this table. */
export interface Layer {
  /** Its folder from the root. */
  readonly folder: string;
  /** Its package name. */
  readonly name: string;
  /** No IO, no clock, no randomness, no process: STYLE of the pure core. */
  readonly pure: boolean;
  /** Workspace packages its sources may import. */
  readonly workspace: readonly string[];
  /** Packages of others its sources may import. */
  readonly thirdParty: readonly string[];
}

const PURE_CORE = ["base", "protocol", "sql", "freshness", "cache", "engine"];
const ADAPTERS = ["backhaul", "config", "telemetry"];
const SHIPPED = [...PURE_CORE, ...ADAPTERS, "runtime"];
const HONO = ["hono", "@hono/node-server"];

/**
 * base <- {protocol, sql, freshness} <- cache <- engine <- {backhaul, config, telemetry} <- runtime <- apps.
 * An arrow may skip layers; members of one layer do not know each other.
 */
export const LAYERS: readonly Layer[] = [
  pure("base", []),
  pure("protocol", ["base"]),
  pure("sql", ["base"], ["node-sql-parser"]),
  pure("freshness", ["base"]),
  pure("cache", ["base", "protocol", "sql", "freshness"], ["lru-cache"]),
  pure("engine", ["base", "protocol", "sql", "freshness", "cache"]),
  rim("packages/backhaul", PURE_CORE, []),
  rim("packages/config", PURE_CORE, ["yaml", "zod"]),
  rim("packages/telemetry", PURE_CORE, ["pino", "@opentelemetry/api"]),
  rim("packages/runtime", [...PURE_CORE, "config", "telemetry"], []),
  rim("packages/devdb", ["base"], ["mysql2"]),
  rim("packages/testkit", [...SHIPPED, "devdb"], ["fast-check", "vitest"]),
  rim(
    "packages/conformance",
    [...SHIPPED, "devdb", "testkit"],
    ["fast-check", "mysql2", "@planetscale/database", "vitest"],
  ),
  rim("apps/edge", SHIPPED, HONO),
  rim("apps/origin", SHIPPED, [...HONO, "mysql2"]),
  rim("apps/cli", [...SHIPPED, "edge", "origin"], HONO),
  rim("apps/demo", [...SHIPPED, "devdb"], [...HONO, "mysql2", "@planetscale/database"]),
  rim("infra", [...SHIPPED, "devdb", "testkit", "conformance"], ["playwright-core", "yaml"]),
  rim("benchmarks", [...SHIPPED, "devdb", "testkit"], ["mysql2", "@planetscale/database", "k6"]),
];

/** Everything the pure core must not import: anything that does IO, starts work elsewhere or reads a clock. */
export const IMPURE_MODULES: readonly string[] = [
  "child_process",
  "cluster",
  "dgram",
  "dns",
  "fs",
  "http",
  "http2",
  "https",
  "inspector",
  "net",
  "os",
  "perf_hooks",
  "process",
  "readline",
  "repl",
  "timers",
  "tls",
  "worker_threads",
];

/** Globals the pure core must not name. */
export const IMPURE_GLOBALS: readonly string[] = [
  "console",
  "fetch",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
];

/** Members the pure core must not read, as `[object, member]`. */
export const IMPURE_MEMBERS: readonly (readonly [string, string])[] = [
  ["Date", "now"],
  ["Math", "random"],
  ["crypto", "getRandomValues"],
  ["crypto", "randomUUID"],
  ["globalThis", "process"],
];

/** Whether a file is test code: it may use any workspace package and any package its package.json lists. */
export function isTestFile(path: string): boolean {
  return (
    /\.(test|prop|bench)\.ts$|\.prop\.test\.ts$/.test(path) ||
    /(^|\/)(test|fuzz|sim|test-support)\//.test(path)
  );
}

/** The layer a path belongs to, or `null` for tools and root files. */
export function layerOf(path: string): Layer | null {
  return LAYERS.find(({ folder }) => path.startsWith(`${folder}/`)) ?? null;
}

function pure(folder: string, workspace: readonly string[], thirdParty: readonly string[] = []): Layer {
  return { ...rim(`packages/${folder}`, workspace, thirdParty), pure: true };
}

function rim(folder: string, workspace: readonly string[], thirdParty: readonly string[]): Layer {
  const name = `@rockpool/${folder.slice(folder.lastIndexOf("/") + 1)}`;
  return { folder, name, pure: false, workspace: workspace.map((short) => `@rockpool/${short}`), thirdParty };
}

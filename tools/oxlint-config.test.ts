import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

// Goal: every lint rule we rely on fails on a planted violation, in the layer where it must. One run of the real
// linter over a copy of the configuration and a tree of planted files.

const ROOT = join(import.meta.dirname, "..");

/** A planted file and the rules that must speak in it; none = it must pass. */
const planted: Readonly<Record<string, readonly [text: string, ...rules: string[]]>> = {
  "packages/base/src/imports-up.ts": ['import { a } from "@rockpool/sql";\na();', "no-restricted-imports"],
  "packages/sql/src/foreign-library.ts": ['import { a } from "lru-cache";\na();', "no-restricted-imports"],
  "packages/sql/src/own-library.ts": ['import { a } from "node-sql-parser/build/mysql.js";\na();'],
  "packages/sql/src/does-io.ts": ['import { a } from "node:fs/promises";\na();', "no-restricted-imports"],
  "packages/sql/src/reads-clock.ts": ["export const t = Date.now();", "no-restricted-properties"],
  "packages/sql/src/reads-process.ts": ["export const e = process.env;", "no-restricted-globals"],
  "packages/sql/src/starts-timer.ts": ["setTimeout(() => 1, 1);", "no-restricted-globals"],
  "packages/sql/src/prints.ts": ["console.log(1);", "no-console", "no-restricted-globals"],
  "packages/sql/src/free.test.ts": ["export const t = Date.now() + Math.random();"],
  "packages/telemetry/src/reads-clock.ts": ["export const t = Date.now();"],
  "packages/backhaul/src/sideways.ts": [
    'import { a } from "@rockpool/telemetry";\na();',
    "no-restricted-imports",
  ],
  "apps/edge/src/database.ts": ['import { a } from "mysql2/promise";\na();', "no-restricted-imports"],
  "apps/origin/src/database.ts": ['import { a } from "mysql2/promise";\na();'],
  "apps/edge/src/default.ts": ["export default 1;", "no-default-export"],
  "benchmarks/load/hit.ts": ["export default 1;"],
  "apps/edge/src/cycle-a.ts": ['import { b } from "./cycle-b.ts";\nexport const a = () => b;', "no-cycle"],
  "apps/edge/src/cycle-b.ts": ['import { a } from "./cycle-a.ts";\nexport const b = () => a;', "no-cycle"],
  "apps/edge/src/any.ts": ["export const f = (a: any) => String(a);", "no-explicit-any"],
  "apps/edge/src/bang.ts": ["export const f = (a: string | null) => a!;", "no-non-null-assertion"],
  "apps/edge/src/floating.ts": ["async function f() {}\nf();", "no-floating-promises"],
  "apps/edge/src/misused.ts": ["async function f() {}\n[1].forEach(f);", "no-misused-promises"],
  "apps/edge/src/throws.ts": ['throw "text";', "only-throw-error"],
  "apps/edge/src/switch.ts": [
    'export function f(a: "x" | "y") {\n  switch (a) {\n    case "x":\n      return 1;\n  }\n  return 2;\n}',
    "switch-exhaustiveness-check",
  ],
  "apps/edge/src/long.ts": ["export const a = 1;\n".repeat(1) + "// x\n".repeat(601), "max-lines"],
  "apps/edge/src/long-function.ts": [
    `export function f(a: () => void) {\n${"  a();\n".repeat(70)}}`,
    "max-lines-per-function",
  ],
  "apps/edge/test/off.test.ts": [
    'import { expect, test } from "vitest";\ntest.skip("a", () => {\n  expect(1).toBe(1);\n});',
    "no-disabled-tests",
  ],
  "apps/edge/test/focus.test.ts": [
    'import { expect, test } from "vitest";\ntest.only("a", () => {\n  expect(1).toBe(1);\n});',
    "no-focused-tests",
  ],
  "apps/edge/test/empty.test.ts": ['import { test } from "vitest";\ntest("a", () => {});', "expect-expect"],
};

let folder = "";
const spoken = new Map<string, Set<string>>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rockpool-lint-"));
  for (const [path, [text]] of Object.entries(planted)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  }
  // The configuration is loaded from its real place, with its own imports; its globs count from here.
  writeFileSync(
    join(folder, "oxlint.config.ts"),
    `export { default } from "${join(ROOT, "oxlint.config.ts")}";\n`,
  );
  const tsconfig = {
    compilerOptions: {
      strict: true,
      module: "nodenext",
      noEmit: true,
      allowImportingTsExtensions: true,
      types: [],
    },
    include: ["packages", "apps", "benchmarks"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const run = spawnSync(join(ROOT, "node_modules/.bin/oxlint"), ["--type-aware", "-f", "json"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  const report: { diagnostics: { code?: string; filename: string }[] } = JSON.parse(run.stdout);
  for (const { code, filename } of report.diagnostics) {
    const rule = /\(([\w-]+)\)/.exec(code ?? "")?.[1] ?? "none";
    spoken.set(filename, (spoken.get(filename) ?? new Set()).add(rule));
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.entries(planted))("%s", (path, [, ...rules]) => {
  const heard = [...(spoken.get(path) ?? [])];
  expect(rules.filter((rule) => !heard.includes(rule))).toEqual([]);
  // Unused and unresolved names are the planting's own; a file without planted rules must hear none of ours.
  const ours = Object.values(planted).flatMap(([, ...names]) => names);
  expect(heard.filter((rule) => ours.includes(rule) && !rules.includes(rule))).toEqual([]);
});

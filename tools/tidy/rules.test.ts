import { expect, test } from "vitest";
import { createGeneratedPagesRule } from "./generated-pages.ts";
import { createProject, type ProjectFiles, type Rule } from "./project.ts";
import { deepImportsRule } from "./rule-deep-imports.ts";
import { docPathsRule } from "./rule-doc-paths.ts";
import { layersRule } from "./rule-layers.ts";
import { pureRule } from "./rule-pure.ts";
import { listedReasonsRule, readmeRule, typecheckedRule } from "./rules-packages.ts";
import {
  barrelRule,
  castReasonRule,
  defaultExportRule,
  docCommentRule,
  fileLengthRule,
  fileLengthWarningRule,
  fileNameRule,
} from "./rules-source.ts";
import { switchedOffTestRule, waitInTestRule } from "./rules-tests.ts";
import { machinePathRule, openMarkerRule } from "./rules-texts.ts";
import { RULES } from "./rules.ts";
import { runRules } from "./run-rules.ts";

// Goal: no rule that cannot fail. Every one is shown a planted violation, and the nearest thing that is right.

type Planted = readonly [rule: Rule, path: string, bad: string, good: string];

const lines = (count: number) => "x();\n".repeat(count);
/** Words and paths that the rules about texts must not find in this file. */
const split = (text: string) => text.replaceAll("~", "");
const manifest = (name: string, dependencies: Record<string, string>) =>
  JSON.stringify({ name, dependencies });
const PAGE = { path: "docs/page.md", command: "make page", produce: () => "fresh\n" };

const planted: readonly Planted[] = [
  [layersRule, "packages/base/src/a.ts", 'import { a } from "@rockpool/sql";', 'import { a } from "./b.ts";'],
  [
    layersRule,
    "packages/sql/src/a.ts",
    'export { a } from "@rockpool/cache";',
    'export { a } from "@rockpool/base";',
  ],
  [
    layersRule,
    "packages/sql/src/a.ts",
    'await import("@rockpool/protocol/psdb");',
    'Buffer.from("@rockpool/cache");',
  ],
  [layersRule, "packages/engine/src/a.ts", 'import { L } from "lru-cache";', '// from "lru-cache"'],
  [layersRule, "packages/cache/src/a.ts", 'import m from "mysql2";', 'import { L } from "lru-cache";'],
  [layersRule, "apps/edge/src/a.ts", 'import m from "mysql2/promise";', 'import { Hono } from "hono";'],
  [
    layersRule,
    "packages/backhaul/src/a.ts",
    'import { Hono } from "hono";',
    'import { connect } from "node:http2";',
  ],
  [
    layersRule,
    "packages/backhaul/src/a.ts",
    'import "@rockpool/telemetry";',
    'import "@rockpool/protocol/backhaul";',
  ],
  [layersRule, "apps/origin/src/a.ts", 'import "@rockpool/testkit";', 'import "@rockpool/telemetry";'],
  [layersRule, "apps/origin/src/a.ts", 'import "left-pad";', 'import "mysql2";'],
  [
    layersRule,
    "packages/base/package.json",
    manifest("@rockpool/base", { "lru-cache": "catalog:" }),
    manifest("@rockpool/base", {}),
  ],
  [
    layersRule,
    "packages/cache/package.json",
    manifest("@rockpool/cache", { "lru-cache": "^11.0.0" }),
    manifest("@rockpool/cache", { "lru-cache": "catalog:", "@rockpool/base": "workspace:*" }),
  ],
  [layersRule, "packages/cache/package.json", manifest("cache", {}), manifest("@rockpool/cache", {})],
  [layersRule, "packages/unheard-of/package.json", manifest("@rockpool/unheard-of", {}), ""],
  [
    deepImportsRule,
    "apps/edge/src/a.ts",
    'import "@rockpool/base/src/units.ts";',
    'import "@rockpool/base";',
  ],
  [
    deepImportsRule,
    "apps/edge/src/a.ts",
    'import "../../../packages/base/src/units.ts";',
    'import "../test/a.ts";',
  ],
  [
    deepImportsRule,
    "apps/edge/test/a.test.ts",
    'import "@rockpool/base/units";',
    'import "@rockpool/base/extra";',
  ],
  [pureRule, "packages/sql/src/a.ts", "const t = Date.now();", "const t = clock.now();"],
  [pureRule, "packages/sql/src/a.ts", "const t = new Date();", "const t = new Date(wallMs);"],
  [pureRule, "packages/sql/src/a.ts", "performance.now();", "// performance.now() is not for us"],
  [pureRule, "packages/sql/src/a.ts", "Math.random();", "Math.floor(1);"],
  [pureRule, "packages/sql/src/a.ts", "setTimeout(f, 1);", "timers.setTimeout(f, 1);"],
  [pureRule, "packages/sql/src/a.ts", "setInterval(f, 1);", '"setInterval(f, 1)";'],
  [pureRule, "packages/sql/src/a.ts", "console.log(1);", "consoles.log(1);"],
  [pureRule, "packages/sql/src/a.ts", "const e = process.env;", "const e = { process: 1 }.process;"],
  [
    pureRule,
    "packages/sql/src/a.ts",
    'import fs from "node:fs/promises";',
    'import { Buffer } from "node:buffer";',
  ],
  [pureRule, "packages/sql/src/a.ts", 'import net from "net";', 'import { net } from "./net.ts";'],
  [defaultExportRule, "apps/edge/src/a.ts", "export default 1;", "export const a = 1;"],
  [defaultExportRule, "apps/edge/src/a.ts", "export { a as default };", '"export default";'],
  [barrelRule, "apps/edge/src/index.ts", 'export * from "./a.ts";', 'export { a } from "./a.ts";'],
  [barrelRule, "apps/edge/src/index.ts", 'export type * from "./a.ts";', "export const a = b * c;"],
  [docCommentRule, "apps/edge/src/a.ts", "export function a() {}", "/** Does a. */\nexport function a() {}"],
  [docCommentRule, "apps/edge/src/a.ts", "// a\nexport const a = 1;", "/**\n * A.\n */\nexport const a = 1;"],
  [docCommentRule, "apps/edge/src/a.ts", "/* a */\nexport type A = 1;", "type A = 1;"],
  [
    docCommentRule,
    "apps/edge/src/a.ts",
    "export async function a(): void;",
    "/** A. */\nexport function a(b: 1): void;\nexport function a(b: 2): void;",
  ],
  [castReasonRule, "apps/edge/src/a.ts", "const a = b as C;", "// c is proven above\nconst a = b as C;"],
  [castReasonRule, "apps/edge/src/a.ts", "f(b as unknown);", "const a = [1] as const;"],
  [castReasonRule, "apps/edge/src/a.ts", "const a = (b) as { c: 1 };", 'import { b as c } from "./d.ts";'],
  [fileLengthRule, "apps/edge/src/a.ts", lines(601), lines(600)],
  [fileLengthRule, "apps/edge/src/a.ts", lines(601), `// oxlint-disable max-lines -- a table\n${lines(601)}`],
  [fileLengthWarningRule, "apps/edge/src/a.ts", lines(401), lines(400)],
  [
    waitInTestRule,
    "apps/edge/test/a.test.ts",
    "await new Promise((r) => setTimeout(r, 10));",
    "await until(() => done);",
  ],
  [
    waitInTestRule,
    "apps/edge/test/a.test.ts",
    "setTimeout(() => resolve(), 5);",
    "setTimeout(() => server.close(), 5);",
  ],
  [waitInTestRule, "apps/edge/test/a.test.ts", "sleep(100);", "clock.sleepMs = 100;"],
  [waitInTestRule, "apps/edge/test/a.test.ts", "await delay(delayMs);", "startRelay({ delayMs });"],
  [waitInTestRule, "apps/edge/test/a.test.ts", 'import { setTimeout } from "node:timers/promises";', "x();"],
  [switchedOffTestRule, "apps/edge/test/a.test.ts", "test.skip('a', f);", "test('skip', f);"],
  [switchedOffTestRule, "apps/edge/test/a.test.ts", "describe.only('a', f);", "list.skip(1);"],
  [switchedOffTestRule, "apps/edge/test/a.test.ts", "it.concurrent.todo('a');", "it.each([1])('a', f);"],
  [switchedOffTestRule, "apps/edge/test/a.test.ts", "test.skipIf(!db)('a', f);", "test.each([1])('a', f);"],
  [switchedOffTestRule, "apps/edge/test/a.test.ts", "xit('a', f);", "exit('a', f);"],
  [openMarkerRule, "apps/edge/src/a.ts", split("// TO~DO later"), "// to do it later"],
  [openMarkerRule, "docs/a.md", split("FIX~ME"), "prefixme"],
  [machinePathRule, "docs/a.md", split("see /wo~rk/main"), "see docs/work/main"],
  [machinePathRule, "apps/edge/src/a.ts", split('"/ro~ot/.cache"'), '"the/root/cause"'],
  [machinePathRule, "infra/a.yaml", split("path: /ho~me/me"), "path: /srv/me"],
  [
    docPathsRule,
    "docs/a.md",
    "see `packages/base/gone.ts`",
    "see `packages/base/package.json` and `packages/base`",
  ],
  [
    docPathsRule,
    "docs/a.md",
    "in `packages/gone/`",
    "in `packages/base/`, `packages/x y`, `packages/base/testdata/a.json`",
  ],
  [fileNameRule, "apps/edge/src/aB.ts", "", ""],
];

/** The surroundings in which the planted file stands. */
function surround(path: string, text: string): ProjectFiles {
  const base = JSON.stringify({ name: "@rockpool/base", exports: { ".": "", "./extra": "" } });
  return createProject({ "packages/base/package.json": base, [path]: text });
}

/** With short texts for the titles. */
const named = planted.map(([rule, path, bad, good]) => ({
  name: rule.name,
  rule,
  path,
  bad: bad.slice(0, 60),
  good: good.slice(0, 60),
  full: { bad, good },
}));

test.each(named)("$name finds in $path: $bad", ({ rule, path, full: { bad } }) => {
  const found = runRules([rule], surround(path, bad));
  expect(found.map((verdict) => verdict.path)).toEqual([path]);
});

test.each(named.filter(({ good }) => good !== ""))(
  "$name passes in $path: $good",
  ({ rule, path, full: { good } }) => {
    expect(runRules([rule], surround(path, good))).toEqual([]);
  },
);

test("tests are free of the rules for sources", () => {
  const impure = 'import "@rockpool/devdb";\nDate.now();\nexport const a = 1 as A;';
  const files = surround("packages/sql/test/a.test.ts", impure);
  expect(runRules([layersRule, pureRule, docCommentRule, castReasonRule], files)).toEqual([]);
});

test("only the pure core is kept from clocks", () => {
  expect(
    runRules([pureRule], surround("packages/telemetry/src/a.ts", "Date.now(); console.log(process);")),
  ).toEqual([]);
});

test("configuration files and k6 scripts may export by default", () => {
  for (const path of ["vitest.config.ts", "benchmarks/load/hit.ts"]) {
    expect(runRules([defaultExportRule], surround(path, "export default 1;"))).toEqual([]);
  }
});

test.each([
  ["is missing", {}],
  ["says nothing", { "packages/base/README.md": "# base\n" }],
  ["is longer than", { "packages/base/README.md": "line\n".repeat(120) }],
])("a package whose README %s is found", (message, texts) => {
  const found = runRules([readmeRule], createProject({ "packages/base/package.json": "{}", ...texts }));
  expect(found).toMatchObject([
    { path: "packages/base/README.md", message: expect.stringContaining(message) },
  ]);
});

test("a folder that the compiler does not see is found", () => {
  const texts = (include: string[]) => ({
    "packages/base/package.json": "{}",
    "packages/base/tsconfig.json": JSON.stringify({ include }),
    "packages/base/src/a.ts": "",
    "packages/base/sim/b.ts": "",
  });
  expect(runRules([typecheckedRule], createProject(texts(["src"])))).toMatchObject([
    { message: "does not include sim" },
  ]);
  expect(runRules([typecheckedRule], createProject(texts(["src", "sim"])))).toEqual([]);
});

test("a reason that the README does not explain is found", () => {
  const facts =
    'export type BypassReason =\n  | "into" // "x"\n  | "no-table";\nexport type PinReason = "xa";';
  const texts = (readme: string) => ({
    "packages/sql/src/facts.ts": facts,
    "packages/sql/README.md": readme,
  });
  expect(runRules([listedReasonsRule], createProject(texts("`into`, `no-table`, `xa`")))).toEqual([]);
  expect(runRules([listedReasonsRule], createProject(texts("`into`, no-table, `xa`")))).toMatchObject([
    { message: "BypassReason `no-table` is not explained" },
  ]);
});

test("the rule about reasons fails when it finds no reasons", () => {
  expect(runRules([listedReasonsRule], createProject({ "packages/sql/src/facts.ts": "" }))).toHaveLength(2);
});

test("a stale generated page is found", () => {
  const rule = createGeneratedPagesRule([PAGE]);
  expect(runRules([rule], createProject({ "docs/page.md": "fresh\n" }))).toEqual([]);
  for (const texts of [{}, { "docs/page.md": "stale\n" }]) {
    expect(runRules([rule], createProject(texts))).toMatchObject([
      { path: "docs/page.md", message: "is stale: run make page" },
    ]);
  }
});

test("an exemption needs the rule's name and a reason, and stands near", () => {
  const check = (text: string) => runRules([defaultExportRule], surround("apps/edge/src/a.ts", text)).length;
  expect(check("// tidy-allow default-export: the host loads it\nexport default 1;")).toBe(0);
  expect(check("export default 1; // tidy-allow default-export: the host loads it")).toBe(0);
  expect(check("// tidy-allow default-export:\nexport default 1;")).toBe(1);
  expect(check("// tidy-allow barrel: wrong name\nexport default 1;")).toBe(1);
  expect(check("// tidy-allow default-export: too far\n\nexport default 1;")).toBe(1);
});

test("every rule of the run is planted in this file", () => {
  const tested = new Set([
    ...planted.map(([rule]) => rule.name),
    ...[readmeRule, typecheckedRule, listedReasonsRule, createGeneratedPagesRule([])].map(
      (rule) => rule.name,
    ),
  ]);
  expect(RULES.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
});

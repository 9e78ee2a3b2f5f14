import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute, openRig, type Rig } from "../../packages/conformance/src/index.ts";
import { listMetrics, type MetricList, seriesNames } from "./metric-list.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where tools/preflight.mjs puts it. */
const UNPACKED = `${ROOT}node_modules/.cache/rockpool/promtool`;

/** Runs Prometheus's own linter; what it complains of. */
function promtool(args: readonly string[], input = ""): { status: number | null; said: string } {
  const program = existsSync(UNPACKED) ? UNPACKED : "promtool";
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: ROOT, input, encoding: "utf8" });
  if (error !== undefined) {
    throw new Error(
      "promtool is missing: apt-get install prometheus, brew install prometheus, or npm run test:long as root",
    );
  }
  return { status, said: stdout + stderr };
}

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
  for (const sql of [
    "SELECT 1",
    "CREATE TABLE t (a INT)",
    "SELECT * FROM t",
    "SELECT * FROM t",
    "nonsense",
  ]) {
    await execute(rig.edges[0]?.line.http ?? "", rig.login, sql);
  }
});
afterAll(() => rig?.close());

async function scrape(program: "edge" | "origin"): Promise<string> {
  const admin = program === "edge" ? rig.edges[0]?.line.admin : rig.origin.line.admin;
  return (await fetch(`${admin}/metrics`)).text();
}

describe.each(["edge", "origin"] as const)("the %s's metrics", (program) => {
  test("satisfy promtool check metrics", async () => {
    expect(promtool(["check", "metrics"], await scrape(program))).toEqual({ status: 0, said: "" });
  });

  test("are those of the list, no more and no fewer", async () => {
    const { every, ...own } = listMetrics();
    const expected: MetricList = { edge: [], origin: [], [program]: own[program], every };
    const names = (await scrape(program))
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => /^[a-z0-9_]+/.exec(line)?.[0] ?? line);
    expect([...new Set(names)].toSorted()).toEqual([...seriesNames(expected)].toSorted());
  });
});

test("the rules are valid", () => {
  const { status, said } = promtool(["check", "rules", "infra/prometheus/rules.yaml"]);
  expect([status, said]).toEqual([0, expect.stringContaining("SUCCESS")]);
});

test("the rules fire when they should, and not when they should not", () => {
  const { status, said } = promtool(["test", "rules", "infra/prometheus/rules.test.yaml"]);
  expect([status, said]).toEqual([0, expect.stringContaining("SUCCESS")]);
});

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dashboardExpressions, formatDashboard } from "./dashboard.ts";
import { listMetrics, namesIn, seriesNames } from "./metric-list.ts";
import { ALERT_RULES, RECORDING_RULES, runbookOf } from "./rules.ts";

const known = seriesNames(listMetrics());
const recorded = new Set(RECORDING_RULES.map(({ record }) => record));

/** Names in an expression that no scrape holds and no rule records. */
function unknownIn(expression: string): string[] {
  let rest = expression;
  for (const record of recorded) rest = rest.replaceAll(record, "");
  return namesIn(rest).filter((name) => !known.has(name));
}

test("names are found in expressions, not in label values", () => {
  expect(namesIn(`rate(rockpool_a_total{x="rockpool_b"}[5m]) / process_c`)).toEqual([
    "rockpool_a_total",
    "process_c",
  ]);
  expect(unknownIn("rockpool_no_such_thing > 0")).toEqual(["rockpool_no_such_thing"]);
});

describe("every metric that is named exists", () => {
  test.each(RECORDING_RULES.map(({ record, expr }) => [record, expr]))("%s", (_, expr) => {
    expect(unknownIn(expr)).toEqual([]);
  });
  test.each(ALERT_RULES.map(({ alert, expr }) => [alert, expr]))("%s", (_, expr) => {
    expect(unknownIn(expr)).toEqual([]);
  });
  test("on the dashboard", () => {
    expect(dashboardExpressions().flatMap(unknownIn)).toEqual([]);
  });
});

test("every recorded series is used by an alert or on the dashboard", () => {
  const used = [...ALERT_RULES.map(({ expr }) => expr), ...dashboardExpressions()].join("\n");
  expect([...recorded].filter((record) => !used.includes(record))).toEqual([]);
});

test("every error code that an alert names exists", () => {
  const codes = listMetrics().edge.find(({ name }) => name === "rockpool_edge_errors_total")?.labels["code"];
  const named = ALERT_RULES.flatMap(({ expr }) => /code=~"([^"]+)"/.exec(expr)?.[1]?.split("|") ?? []);
  expect(named.length).toBeGreaterThan(0);
  for (const code of named) expect(codes).toContain(code);
});

test("no two alerts have one name, and each has its heading in the runbook", () => {
  const names = ALERT_RULES.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  const runbook = readFileSync(`${import.meta.dirname}/../../docs/operations/runbook.md`, "utf8");
  const headings = Array.from(runbook.matchAll(/^#+ (.+)$/gm), ([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 _-]/g, "")
      .replaceAll(" ", "-"),
  );
  for (const rule of ALERT_RULES) expect(headings).toContain(runbookOf(rule).split("#")[1]);
});

test("the dashboard is one that Grafana takes: a schema version, unique ids, places that do not overlap", () => {
  const dashboard: {
    schemaVersion: number;
    panels: { id: number; type: string; gridPos: Record<"x" | "y" | "w" | "h", number> }[];
  } = JSON.parse(formatDashboard());
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const taken = new Set<string>();
  for (const { gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x},${y}`)).toBe(false);
        taken.add(`${x},${y}`);
      }
    }
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  }
});

test("no metric can be given a series by a client: every label is a closed set of words", () => {
  const { edge, origin, every } = listMetrics();
  for (const { name, labels } of [...edge, ...origin, ...every]) {
    const size = Object.values(labels).reduce((product, values) => product * values.length, 1);
    expect([name, size > 0 && size <= 512]).toEqual([name, true]);
  }
});

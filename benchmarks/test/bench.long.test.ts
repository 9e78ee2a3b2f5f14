import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Report } from "../report/report.ts";
import { runScript } from "./run-script.ts";

/** The one shape, whatever was measured: no timing is judged here. */
function expectReport(report: Report, benchmark: Report["benchmark"]): void {
  expect(report).toMatchObject({ format: "rockpool-benchmark/1", benchmark });
  expect(Number.isNaN(Date.parse(report.startedAt))).toBe(false);
  expect(report.machine.coreCount).toBeGreaterThan(0);
  expect(report.versions["node"]).toBe(process.version);
  expect(report.measurements.length > 0).toBe(report.skipped === null);
  const names = report.measurements.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, rounds, min, median, max, spread } of report.measurements) {
    expect(rounds.length, name).toBeGreaterThan(0);
    expect(rounds.every(Number.isFinite), name).toBe(true);
    expect(min <= median && median <= max, name).toBe(true);
    expect(Number.isFinite(spread), name).toBe(true);
  }
  for (const goal of report.goals) {
    expect(names).toContain(goal.measurement);
    expect(goal.isMet).toBe(goal.value <= goal.limit);
  }
}

function medianOf(report: Report, name: string): number {
  return report.measurements.find((measurement) => measurement.name === name)?.median ?? Number.NaN;
}

test("one command measures hits, misses and writes beside their yardsticks", async ({ signal }) => {
  const { code, screen, report } = await runScript("src/main.ts", ["--quick"], signal);
  expect(code).toBe(0);
  expectReport(report, "bench");
  for (const name of [
    "http-hit.edge.rate",
    "http-hit.bare.rate",
    "read-1.direct.p50",
    "read-1.miss.p50",
    "read-1.hit.p50",
    "read-1.driver-miss.p50",
    "read-4.miss.p50",
    "write-1.direct.p50",
    "write-1.edge.p50",
  ]) {
    expect(medianOf(report, name), name).toBeGreaterThan(0);
    expect(screen).toContain(name);
  }
  expect(report.goals.map(({ measurement }) => measurement)).toContain("read-1.miss.added-p50");
});

test("k6 runs both scripts where there is one, and the edge counts the same requests", async ({ signal }) => {
  const { code, report } = await runScript("load/run-k6.ts", ["--quick", "--no-build"], signal);
  expect(code).toBe(0);
  expectReport(report, "k6");
  const names = report.measurements.map(({ name }) => name);
  for (const script of names.filter((name) => name.endsWith(".requests"))) {
    const run = script.slice(0, -".requests".length);
    const counted = medianOf(report, `${run}.edge.hit.count`) + medianOf(report, `${run}.edge.miss.count`);
    expect(counted).toBe(medianOf(report, script));
    expect(medianOf(report, `${run}.failed-checks`)).toBe(0);
  }
});

test("without k6 and without Go it says what is missing", async ({ signal }) => {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-no-k6-"));
  try {
    const env = { ...process.env, PATH: folder };
    const { code, screen, report } = await runScript("load/run-k6.ts", ["--k6-folder", folder], signal, env);
    expect(code).toBe(0);
    expectReport(report, "k6");
    expect(screen).toMatch(/^skipped: no k6 in .* and no Go to build go\.k6\.io\/k6@v/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

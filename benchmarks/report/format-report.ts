import { assertNever } from "@rockpool/base";
import type { Goal, Measurement, Report, Unit } from "./report.ts";

/** A report for people: what was measured where, a table, and every goal with its verdict. */
export function formatReport(report: Report): string {
  const { machine, versions, settings } = report;
  const lines = [
    "",
    `${report.benchmark}: ${machine.cpu}, ${machine.coreCount} cores, ${machine.system}, load average ${machine.loadAverage.toFixed(2)} at the start`,
    `versions: ${formatPairs(versions)}`,
    `settings: ${formatPairs(settings)}`,
    "",
  ];
  if (report.skipped !== null) return [...lines, `skipped: ${report.skipped}`].join("\n");
  return [...lines, ...formatTable(report.measurements), "", ...report.goals.map(formatGoal)].join("\n");
}

/** A number with as many digits as it deserves, and its unit. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case "us":
      return `${value.toFixed(1)} us`;
    case "ms":
      return `${value.toFixed(3)} ms`;
    case "per-second":
      return `${value.toFixed(0)}/s`;
    case "x":
      return `${value.toFixed(2)}x`;
    case "share":
      return `${(value * 100).toFixed(1)} %`;
    case "count":
      return value.toFixed(0);
    default:
      return assertNever(unit);
  }
}

function formatTable(measurements: readonly Measurement[]): string[] {
  const header = ["measurement", "median", "min", "max", "spread", "rounds"];
  const rows = measurements.map(({ name, unit, median, min, max, spread, rounds }) => [
    name,
    formatValue(median, unit),
    formatValue(min, unit),
    formatValue(max, unit),
    rounds.length === 1 ? "-" : `${(spread * 100).toFixed(0)} %`,
    String(rounds.length),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  "),
  );
}

function formatGoal({ measurement, value, limit, unit, isMet }: Goal): string {
  const verdict = isMet ? "goal met   " : "GOAL MISSED";
  return `${verdict}  ${measurement}: ${formatValue(value, unit)}, at most ${formatValue(limit, unit)}`;
}

function formatPairs(pairs: Readonly<Record<string, number | string | boolean | null>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name} ${value ?? "unknown"}`)
    .join(", ");
}

import { writeFileSync } from "node:fs";
import { formatReport } from "./format-report.ts";
import type { Report } from "./report.ts";

/** Where a report goes, and what it decides. */
export interface PublishOptions {
  /** The JSON's file; null = the last line of standard output. */
  readonly outFile: string | null;
  /** Whether a missed goal is a failure. */
  readonly isAsserted: boolean;
}

/** Prints the table, writes the JSON, and returns the process's exit code. */
export function publishReport(report: Report, options: PublishOptions): number {
  process.stdout.write(`${formatReport(report)}\n`);
  if (options.outFile === null) process.stdout.write(`\n${JSON.stringify(report)}\n`);
  else writeFileSync(options.outFile, `${JSON.stringify(report, null, 2)}\n`);
  return options.isAsserted && report.goals.some(({ isMet }) => !isMet) ? 1 : 0;
}

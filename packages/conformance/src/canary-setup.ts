import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CANARY_FOLDER_VARIABLE, type CanaryReport } from "./canary.ts";

const KIB = 1024;

/**
 * Global setup of both test lanes: at the end of a run, whatever any rig's process logged, answered at `/metrics` or in
 * an error has been searched for secrets and statements. One find fails the run, even where a test did not notice.
 */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-canary-"));
  process.env[CANARY_FOLDER_VARIABLE] = folder;
  return () => {
    const reports = readdirSync(folder).map(
      (name): CanaryReport => JSON.parse(readFileSync(join(folder, name), "utf8")),
    );
    rmSync(folder, { recursive: true, force: true });
    const leaks = reports.flatMap((report) => report.leaks);
    const bytes = reports.reduce((sum, report) => sum + report.byteCount, 0);
    if (reports.length > 0) {
      process.stdout.write(
        `secrets and statements: searched ${reports.length} logs, metrics pages and answers (${Math.ceil(bytes / KIB)} KiB), found ${leaks.length}\n`,
      );
    }
    for (const { where, what, line } of leaks) process.stdout.write(`  ${where}: ${what}: ${line}\n`);
    if (leaks.length > 0)
      throw new Error(`${leaks.length} secrets or statements in logs, metrics or answers`);
  };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type GateReport, sumLanes, type TestReport } from "./check/summary.ts";

// `node tools/ci-summary.ts FOLDER FAST_EXIT_CODE LONG_EXIT_CODE`: the last line of `.ci/run` and its exit code.
const [folder = ".", fastCode = "1", longCode = "1"] = process.argv.slice(2);
const { passed, failed } = sumLanes([
  {
    exitCode: Number(fastCode),
    gates: readReport("gates-fast.json", (report: GateReport) => report),
    tests: readReport("tests-fast.json", (report: TestReport) => report),
  },
  {
    exitCode: Number(longCode),
    gates: null,
    tests: readReport("tests-long.json", (report: TestReport) => report),
  },
]);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function readReport<T>(name: string, as: (report: T) => T): T | null {
  try {
    return as(JSON.parse(readFileSync(join(folder, name), "utf8")));
  } catch {
    // A lane that was stopped leaves no report, or half of one; the sum counts that as a failure.
    return null;
  }
}

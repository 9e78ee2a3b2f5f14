/** How the gates of one run ended. */
export interface GateReport {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** The part of vitest's JSON report that counts. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** What is known of one lane after it ran. `null` = it did not get so far as to write it. */
export interface LaneResult {
  readonly exitCode: number;
  /** Only the fast lane has gates. */
  readonly gates: GateReport | null;
  readonly tests: TestReport | null;
}

/** The two numbers of the last line. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Sums up lanes. A gate counts like a test. A file that broke before its tests, a lane without a report, and a lane
 * that failed for no counted reason are one failure each: nothing may go wrong and still count as zero.
 */
export function sumLanes(lanes: readonly LaneResult[]): Totals {
  let passed = 0;
  let failed = 0;
  for (const { exitCode, gates, tests } of lanes) {
    const failedHere = (gates?.failed.length ?? 0) + (tests === null ? 1 : failuresOf(tests));
    passed += (gates?.passed.length ?? 0) + (tests?.numPassedTests ?? 0);
    failed += failedHere === 0 && exitCode !== 0 ? 1 : failedHere;
  }
  return { passed, failed };
}

function failuresOf({ numFailedTests, testResults }: TestReport): number {
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && assertionResults.every((result) => result.status !== "failed"),
  );
  return numFailedTests + broken.length;
}

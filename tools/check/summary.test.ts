import { expect, test } from "vitest";
import { sumLanes, type TestReport } from "./summary.ts";

const GREEN: TestReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};
const GATES = { passed: ["lint", "tidy"], failed: [] };

test("gates and tests of both lanes are summed", () => {
  const lanes = [
    { exitCode: 0, gates: GATES, tests: GREEN },
    { exitCode: 0, gates: null, tests: GREEN },
  ];
  expect(sumLanes(lanes)).toEqual({ passed: 12, failed: 0 });
});

test("a failed gate is a failure", () => {
  const gates = { passed: ["lint"], failed: ["tidy"] };
  expect(sumLanes([{ exitCode: 1, gates, tests: GREEN }])).toEqual({ passed: 6, failed: 1 });
});

test("failed tests are counted once", () => {
  const tests = {
    ...GREEN,
    numFailedTests: 2,
    testResults: [{ status: "failed", assertionResults: [{ status: "failed" }] }],
  };
  expect(sumLanes([{ exitCode: 1, gates: null, tests }])).toEqual({ passed: 5, failed: 2 });
});

test("a file that breaks before its tests is a failure", () => {
  const tests = { ...GREEN, testResults: [{ status: "failed", assertionResults: [] }] };
  expect(sumLanes([{ exitCode: 1, gates: null, tests }])).toEqual({ passed: 5, failed: 1 });
});

test("a lane without a report is a failure, whatever its exit code", () => {
  expect(sumLanes([{ exitCode: 0, gates: null, tests: null }])).toEqual({ passed: 0, failed: 1 });
});

test("a lane that failed for no counted reason is a failure", () => {
  expect(sumLanes([{ exitCode: 1, gates: GATES, tests: GREEN }])).toEqual({ passed: 7, failed: 1 });
});

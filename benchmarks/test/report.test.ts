import { expect, test } from "vitest";
import { formatValue } from "../report/format-report.ts";
import { createGoal, createMeasurement, quantile } from "../report/report.ts";

test("a measurement keeps its rounds in order and sums them up", () => {
  expect(createMeasurement("a", "us", [4, 1, 2])).toEqual({
    name: "a",
    unit: "us",
    rounds: [4, 1, 2],
    median: 2,
    min: 1,
    max: 4,
    spread: 1.5,
  });
  expect(createMeasurement("a", "count", [0]).spread).toBe(0);
  expect(() => createMeasurement("a", "us", [])).toThrow(RangeError);
});

test.each([
  [[10], 0.99, 10],
  [[1, 3], 0.5, 2],
  [[0, 1, 2, 3, 4], 0.25, 1],
])("quantile of %j at %d is %d", (values, p, expected) => {
  expect(quantile(values, p)).toBe(expected);
});

test("a goal is met up to its limit", () => {
  const measurements = [createMeasurement("a", "x", [1.6])];
  expect(createGoal(measurements, "a", 1.6).isMet).toBe(true);
  expect(createGoal(measurements, "a", 1.59).isMet).toBe(false);
  expect(() => createGoal(measurements, "b", 1)).toThrow("no measurement b");
});

test("values carry their unit", () => {
  expect([formatValue(1.234, "x"), formatValue(0.5, "share"), formatValue(12.34, "us")]).toEqual([
    "1.23x",
    "50.0 %",
    "12.3 us",
  ]);
});

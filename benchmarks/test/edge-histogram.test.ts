import { createMetricsRegistry } from "@rockpool/telemetry";
import { expect, test } from "vitest";
import {
  countEvents,
  histogramQuantileMs,
  parseHistogram,
  type ScrapedHistogram,
  subtractHistogram,
} from "../src/k6/edge-histogram.ts";

function record(micros: readonly number[], before: readonly number[] = []): ScrapedHistogram {
  const registry = createMetricsRegistry();
  const family = registry.histogramFamily({
    name: "rockpool_edge_http_seconds",
    help: "As the edge names it.",
    labels: { status: ["hit", "miss"] },
  });
  for (const value of before) family.with({ status: "hit" }).record(value);
  const earlier = parseHistogram(registry.render(), "hit");
  for (const value of micros) family.with({ status: "hit" }).record(value);
  family.with({ status: "miss" }).record(1e6);
  return subtractHistogram(parseHistogram(registry.render(), "hit"), earlier);
}

test("an interval holds only what was recorded in it, of its status", () => {
  const interval = record([100, 100, 100], [5_000, 5_000]);
  expect(countEvents(interval)).toBe(3);
  expect(histogramQuantileMs(interval, 0.99)).toBeLessThan(0.2);
});

test("quantiles are within a bucket of the truth", () => {
  const interval = record(Array.from({ length: 1_000 }, (_, index) => index + 1));
  for (const p of [0.1, 0.5, 0.9, 0.99]) {
    const ratio = histogramQuantileMs(interval, p) / p;
    expect(ratio, `p${p}`).toBeGreaterThan(0.66);
    expect(ratio, `p${p}`).toBeLessThan(1.5);
  }
});

test("no events have no quantile, and another text has no series", () => {
  expect(histogramQuantileMs(record([]), 0.5)).toBeNaN();
  expect(() => parseHistogram("rockpool_other 1\n", "hit")).toThrow("no series");
});

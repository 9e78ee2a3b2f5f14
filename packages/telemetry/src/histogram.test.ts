import fc from "fast-check";
import { expect, test } from "vitest";
import { cumulativeCounts, Histogram, snapshotQuantile, subtractSnapshots } from "./histogram.ts";

const RELATIVE_ERROR_MAX = 0.03;
const seed = Number(process.env["SEED"] ?? 20_260_101);

test("an empty histogram answers zero", () => {
  expect(new Histogram().quantile(0.99)).toBe(0);
});

test(`any single duration comes back within 3 % (SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.double({ min: 2, max: 2 ** 28 - 1, noNaN: true }), (micros) => {
      const histogram = new Histogram();
      histogram.record(micros);
      const error = Math.abs(histogram.quantile(1) * 1e6 - micros) / micros;
      expect(error).toBeLessThanOrEqual(RELATIVE_ERROR_MAX);
    }),
    { seed },
  );
});

test(`every quantile agrees with the sorted list (SEED=${seed})`, () => {
  const quantiles = [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1];
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 2, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((left, right) => left - right);
        for (const p of quantiles) {
          const exact = sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? 0;
          expect(Math.abs(histogram.quantile(p) * 1e6 - exact) / exact).toBeLessThanOrEqual(
            RELATIVE_ERROR_MAX,
          );
        }
      },
    ),
    { seed, numRuns: 50 },
  );
});

test("negative and NaN durations count as zero, endless ones as the longest", () => {
  const histogram = new Histogram();
  for (const value of [-5, Number.NaN, Number.POSITIVE_INFINITY]) histogram.record(value);
  expect(histogram.snapshot().count).toBe(3);
  expect(histogram.quantile(0.5)).toBeLessThan(1e-6);
  expect(histogram.quantile(1)).toBeGreaterThan(260);
});

test("a snapshot in between loses nothing", () => {
  const histogram = new Histogram();
  histogram.record(100);
  histogram.snapshot();
  histogram.record(100);
  expect(histogram.snapshot()).toMatchObject({ count: 2, sumSeconds: 200e-6 });
});

test("the difference of two snapshots holds only what came between", () => {
  const histogram = new Histogram();
  histogram.record(10);
  const before = histogram.snapshot();
  histogram.record(1000);
  const between = subtractSnapshots(histogram.snapshot(), before);
  expect(between.count).toBe(1);
  expect(snapshotQuantile(between, 0.5)).toBeCloseTo(1e-3, 4);
});

test("cumulative counts are exact at bucket bounds", () => {
  const histogram = new Histogram();
  for (const micros of [7.9, 8, 11.9, 12, 5000]) histogram.record(micros);
  expect(cumulativeCounts(histogram.snapshot(), [8e-6, 12e-6, 16e-6, 1])).toEqual([1, 3, 4, 5]);
});

import { cumulativeCounts, type HistogramSnapshot } from "./histogram.ts";

/** The Prometheus types in use. */
export type MetricKind = "counter" | "gauge" | "histogram";

/**
 * Rendered bucket bounds: two to the power of two from 8 µs to 134 s. They are exact bounds of the recorded
 * buckets, so rendering loses resolution but never miscounts.
 */
const BOUNDS_SECONDS: readonly number[] = Array.from(
  { length: 49 },
  (_, index) => (2 ** Math.floor(index / 2) * (index % 2 === 0 ? 8 : 12)) / 1e6,
);

/** One sample line. Anything but a finite number is written as NaN, which Prometheus reads as "no value". */
export function formatSample(name: string, labels: string, value: number): string {
  return `${name}${labels} ${Number.isFinite(value) ? value : "NaN"}`;
}

/** The `_bucket`, `_sum` and `_count` lines of one histogram. `labels` is `""` or `{…}`. */
export function formatHistogram(name: string, labels: string, snapshot: HistogramSnapshot): string[] {
  const inner = labels === "" ? "" : `${labels.slice(1, -1)},`;
  const lines = cumulativeCounts(snapshot, BOUNDS_SECONDS).map(
    (count, index) => `${name}_bucket{${inner}le="${BOUNDS_SECONDS[index]}"} ${count}`,
  );
  lines.push(
    `${name}_bucket{${inner}le="+Inf"} ${snapshot.count}`,
    formatSample(`${name}_sum`, labels, snapshot.sumSeconds),
    formatSample(`${name}_count`, labels, snapshot.count),
  );
  return lines;
}

import { expect, test } from "vitest";
import { SERIES_MAX } from "./label-sets.ts";
import { createMetricsRegistry } from "./registry.ts";

const HELP = "Something counted.";

test("a counter is rendered with its help and type", () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: "rockpool_statements_total", help: HELP });
  counter.add();
  counter.add(2);
  expect(registry.render()).toBe(
    `# HELP rockpool_statements_total ${HELP}\n# TYPE rockpool_statements_total counter\nrockpool_statements_total 3\n`,
  );
});

test("every label combination exists from the start", () => {
  const registry = createMetricsRegistry();
  const family = registry.counterFamily({
    name: "rockpool_answers_total",
    help: HELP,
    labels: { door: ["http", "mysql"], outcome: ["hit", "miss"] },
  });
  family.with({ door: "mysql", outcome: "hit" }).add(7);
  const text = registry.render();
  expect(text).toContain('rockpool_answers_total{door="mysql",outcome="hit"} 7');
  expect(text.match(/^rockpool_answers_total\{/gm)).toHaveLength(4);
});

test("a label value outside its closed set is refused", () => {
  const registry = createMetricsRegistry();
  const family = registry.counterFamily({ name: "rockpool_a_total", help: HELP, labels: { kind: ["x"] } });
  // The compiler refuses it too; a value out of a wider string type would get here.
  expect(() => family.with({ kind: "y" as "x" })).toThrow("outside its closed set");
});

test("too many combinations are refused at declaration", () => {
  const many = Array.from({ length: SERIES_MAX + 1 }, (_, index) => String(index));
  const declare = () =>
    createMetricsRegistry().counterFamily({ name: "rockpool_a_total", help: HELP, labels: { id: many } });
  expect(declare).toThrow(`at most ${SERIES_MAX}`);
});

test("label values are escaped", () => {
  const registry = createMetricsRegistry();
  registry.gauge({ name: "rockpool_build", help: HELP, labels: { version: ['a"b\\c\nd'] }, read: () => 1 });
  expect(registry.render()).toContain(String.raw`rockpool_build{version="a\"b\\c\nd"} 1`);
});

test("observed values are read at every scrape", () => {
  const registry = createMetricsRegistry();
  let value = 1;
  registry.gauge({ name: "rockpool_cache_size_bytes", help: HELP, read: () => value });
  registry.observedCounter({ name: "rockpool_evictions_total", help: HELP, read: () => value * 10 });
  expect(registry.render()).toContain("rockpool_cache_size_bytes 1\n");
  value = Number.POSITIVE_INFINITY;
  const text = registry.render();
  expect(text).toContain("rockpool_cache_size_bytes NaN\n");
  expect(text).toContain("rockpool_evictions_total NaN\n");
});

test("an observed family asks once per label", () => {
  const registry = createMetricsRegistry();
  const waiting = { read: 3, write: 4 };
  registry.gauge({
    name: "rockpool_waiting",
    help: HELP,
    labels: { kind: ["read", "write"] },
    read: ({ kind }) => waiting[kind],
  });
  expect(registry.render()).toContain('rockpool_waiting{kind="read"} 3\nrockpool_waiting{kind="write"} 4\n');
});

test("a histogram is cumulative and ends at +Inf", () => {
  const registry = createMetricsRegistry();
  const histogram = registry.histogram({ name: "rockpool_hit_duration_seconds", help: HELP });
  histogram.record(10);
  histogram.record(300e6);
  const lines = registry.render().split("\n");
  expect(lines).toContain('rockpool_hit_duration_seconds_bucket{le="0.000008"} 0');
  expect(lines).toContain('rockpool_hit_duration_seconds_bucket{le="0.000012"} 1');
  expect(lines).toContain('rockpool_hit_duration_seconds_bucket{le="+Inf"} 2');
  expect(lines).toContain("rockpool_hit_duration_seconds_count 2");
});

test("histogram bounds rise and have no exponent rounding", () => {
  const registry = createMetricsRegistry();
  registry.histogram({ name: "rockpool_hit_duration_seconds", help: HELP });
  const bounds = Array.from(registry.render().matchAll(/le="([\d.e-]+)"/g), (match) => Number(match[1]));
  expect(bounds).toEqual(bounds.toSorted((left, right) => left - right));
  expect(new Set(bounds).size).toBe(49);
});

test("a labelled histogram keeps its labels before le, and is found by its series name", () => {
  const registry = createMetricsRegistry();
  const family = registry.histogramFamily({
    name: "rockpool_statement_duration_seconds",
    help: HELP,
    labels: { outcome: ["hit", "miss"] },
  });
  family.with({ outcome: "hit" }).record(100);
  expect(registry.render()).toContain('_bucket{outcome="hit",le="+Inf"} 1');
  expect(registry.histogramSnapshots()['rockpool_statement_duration_seconds{outcome="hit"}']).toMatchObject({
    count: 1,
  });
});

test("a metric that only says something is 1, and ends in _info", () => {
  const registry = createMetricsRegistry();
  registry.info({ name: "rockpool_build_info", help: HELP }, { version: "1.2.3" });
  expect(registry.render()).toContain('rockpool_build_info{version="1.2.3"} 1');
  expect(() => registry.info({ name: "rockpool_build", help: HELP }, {})).toThrow("_info");
});

test("every metric can be described without being read", () => {
  const registry = createMetricsRegistry();
  registry.counterFamily({ name: "rockpool_a_total", help: HELP, labels: { kind: ["x", "y"] } });
  registry.histogram({ name: "rockpool_b_seconds", help: HELP });
  registry.gauge({
    name: "rockpool_c",
    help: HELP,
    read: () => {
      throw new Error("read");
    },
  });
  expect(registry.describe()).toEqual([
    { name: "rockpool_a_total", kind: "counter", help: HELP, labels: { kind: ["x", "y"] } },
    { name: "rockpool_b_seconds", kind: "histogram", help: HELP, labels: {} },
    { name: "rockpool_c", kind: "gauge", help: HELP, labels: {} },
  ]);
});

test.each([
  ["counter", "statements_total"],
  ["counter", "rockpool_statements"],
  ["counter", "rockpool_Statements_total"],
  ["histogram", "rockpool_duration"],
  ["histogram", "rockpool_duration_ms"],
  ["gauge", "rockpool_pool_total"],
  ["gauge", "rockpool_lag_milliseconds"],
  ["gauge", "rockpool_pool_count"],
])("the %s name %s is refused", (kind, name) => {
  const registry = createMetricsRegistry();
  const declare = {
    counter: () => registry.counter({ name, help: HELP }),
    histogram: () => registry.histogram({ name, help: HELP }),
    gauge: () => registry.gauge({ name, help: HELP, read: () => 0 }),
  }[kind];
  expect(declare).toThrow(name);
});

test("a second metric of the same name is refused", () => {
  const registry = createMetricsRegistry();
  registry.counter({ name: "rockpool_a_total", help: HELP });
  expect(() => registry.counter({ name: "rockpool_a_total", help: HELP })).toThrow("declared twice");
});

test("help is one line", () => {
  expect(() => createMetricsRegistry().counter({ name: "rockpool_a_total", help: "a\nb" })).toThrow(
    "one-line help",
  );
});

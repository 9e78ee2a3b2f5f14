import { assert } from "@rockpool/base";
import { Counter } from "./counter.ts";
import { Histogram, type HistogramSnapshot } from "./histogram.ts";
import { LabelledFamily, type LabelSets, type LabelValues } from "./label-sets.ts";
import { formatHistogram, formatSample, type MetricKind } from "./prometheus-text.ts";

/** Metrics one registry holds at most: they are declared in code, so more is a loop gone wrong. */
const METRICS_MAX = 256;

/** What every metric says of itself. */
export interface MetricOptions {
  /** `rockpool_*` (or a standard `process_*`), with the unit last: `_total` for counters, `_seconds` for histograms. */
  readonly name: string;
  /** One sentence for the operator. */
  readonly help: string;
}

/** A metric with labels out of closed sets. */
export interface FamilyOptions<L extends LabelSets> extends MetricOptions {
  readonly labels: L;
}

/** The label sets of a metric without labels. */
export type NoLabels = Readonly<Record<string, never>>;

/** A metric whose value is asked for at each scrape. `read` must be quick and must not throw. */
export interface ObservedOptions<L extends LabelSets> extends MetricOptions {
  readonly labels?: L;
  readonly read: (values: LabelValues<L>) => number;
}

/** What is known of a metric without reading it: for the documentation and for whatever refers to it. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: LabelSets;
}

/**
 * The metrics of one process, rendered as Prometheus text. Declaring a name twice, or one that breaks the
 * naming rules, throws `InvariantError`.
 */
export interface MetricsRegistry {
  counter(options: MetricOptions): Counter;
  counterFamily<const L extends LabelSets>(options: FamilyOptions<L>): LabelledFamily<L, Counter>;
  /** A counter kept elsewhere as a plain field: `read` returns the total since start. */
  observedCounter<const L extends LabelSets = NoLabels>(options: ObservedOptions<L>): void;
  gauge<const L extends LabelSets = NoLabels>(options: ObservedOptions<L>): void;
  histogram(options: MetricOptions): Histogram;
  histogramFamily<const L extends LabelSets>(options: FamilyOptions<L>): LabelledFamily<L, Histogram>;
  /** A gauge that is always 1 and says something in its labels; its name ends in `_info`. */
  info(options: MetricOptions, labels: Readonly<Record<string, string>>): void;
  /** Every metric, in the order of declaration. */
  describe(): MetricDescription[];
  /** Text exposition format 0.0.4. */
  render(): string;
  /** Every histogram by its name with labels, for quantiles over an interval. */
  histogramSnapshots(): Record<string, HistogramSnapshot>;
}

/** `Content-Type` of `MetricsRegistry.render()`. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

interface Metric extends MetricDescription {
  readonly lines: () => string[];
}

/** Makes an empty registry. */
export function createMetricsRegistry(): MetricsRegistry {
  const metrics = new Map<string, Metric>();
  const histograms = new Map<string, Histogram>();

  function declare(
    kind: MetricKind,
    options: MetricOptions & { readonly labels?: LabelSets },
    lines: () => string[],
  ): void {
    assertMetricName(kind, options.name);
    assert(
      options.help !== "" && !/[\n\\]/.test(options.help),
      `metric ${options.name} needs a one-line help`,
    );
    assert(!metrics.has(options.name), `metric ${options.name} is declared twice`);
    assert(metrics.size < METRICS_MAX, `more than ${METRICS_MAX} metrics`);
    const { name, help, labels = {} } = options;
    metrics.set(name, { name, help, kind, labels, lines });
  }

  function counterFamily<const L extends LabelSets>(options: FamilyOptions<L>): LabelledFamily<L, Counter> {
    const family = new LabelledFamily(options.labels, () => new Counter());
    declare("counter", options, () =>
      Array.from(family.all(), ({ text, item }) => formatSample(options.name, text, item.value)),
    );
    return family;
  }

  function histogramFamily<const L extends LabelSets>(
    options: FamilyOptions<L>,
  ): LabelledFamily<L, Histogram> {
    const family = new LabelledFamily(options.labels, () => new Histogram());
    declare("histogram", options, () =>
      Array.from(family.all()).flatMap(({ text, item }) =>
        formatHistogram(options.name, text, item.snapshot()),
      ),
    );
    for (const { text, item } of family.all()) histograms.set(options.name + text, item);
    return family;
  }

  function observe<L extends LabelSets>(kind: "counter" | "gauge", options: ObservedOptions<L>): void {
    // Without labels there is one series whose values are {}: L is then the empty record.
    const family = new LabelledFamily(options.labels ?? ({} as L), (values) => () => options.read(values));
    declare(kind, options, () =>
      Array.from(family.all(), ({ text, item }) => formatSample(options.name, text, item())),
    );
  }

  return {
    counter: (options) => counterFamily({ ...options, labels: {} }).with({}),
    counterFamily,
    observedCounter: (options) => observe("counter", options),
    gauge: (options) => observe("gauge", options),
    histogram: (options) => histogramFamily({ ...options, labels: {} }).with({}),
    histogramFamily,
    info(options, values) {
      const labels = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
      assert(options.name.endsWith("_info"), `${options.name}: a metric that says something ends in _info`);
      observe("gauge", { ...options, labels, read: () => 1 });
    },
    describe: () =>
      Array.from(metrics.values(), ({ name, kind, help, labels }) => ({ name, kind, help, labels })),
    render: () => renderAll(metrics.values()),
    histogramSnapshots: () =>
      Object.fromEntries(Array.from(histograms, ([name, item]) => [name, item.snapshot()])),
  };
}

function renderAll(metrics: Iterable<Metric>): string {
  const lines: string[] = [];
  for (const { name, help, kind, lines: samples } of metrics) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples());
  }
  return `${lines.join("\n")}\n`;
}

/** The naming rules that `promtool check metrics` would complain about, and our own prefix. */
function assertMetricName(kind: MetricKind, name: string): void {
  const shape = /^(?:rockpool|process)_[a-z0-9]+(_[a-z0-9]+)*$/;
  assert(shape.test(name), `metric name ${name} is not rockpool_lower_snake (or a standard process_ name)`);
  assert((kind === "counter") === name.endsWith("_total"), `${name}: counters, and only they, end in _total`);
  assert(kind !== "histogram" || name.endsWith("_seconds"), `${name}: histograms are in seconds and say so`);
  assert(!/_(count|sum|bucket)$/.test(name), `${name}: the suffix is reserved`);
  assert(!/_(milliseconds|ms|micros|minutes|kilobytes|mib|kib)(_|$)/.test(name), `${name}: base units only`);
}

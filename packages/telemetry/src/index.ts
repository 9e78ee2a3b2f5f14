export type { Counter } from "./counter.ts";
export { type ErrorFields, errorToFields } from "./error-fields.ts";
export { type Histogram, type HistogramSnapshot, snapshotQuantile, subtractSnapshots } from "./histogram.ts";
export {
  type LabelledFamily,
  type LabelledSeries,
  type LabelSets,
  type LabelValues,
  SERIES_MAX,
} from "./label-sets.ts";
export { createLogger, type LogFields, type Logger, type LoggerOptions, type LogLevel } from "./logger.ts";
export { registerProcessGauges } from "./process-gauges.ts";
export { REDACTED, redactField } from "./redact.ts";
export {
  createMetricsRegistry,
  type FamilyOptions,
  type MetricOptions,
  type MetricsRegistry,
  METRICS_CONTENT_TYPE,
  type NoLabels,
  type ObservedOptions,
} from "./registry.ts";

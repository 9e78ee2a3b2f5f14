export type { Counter } from "./counter.ts";
export { type ErrorFields, errorToFields } from "./error-fields.ts";
export { createFailureLog, type LogFailure } from "./failure-log.ts";
export { type Histogram, type HistogramSnapshot, snapshotQuantile, subtractSnapshots } from "./histogram.ts";
export {
  type LabelledFamily,
  type LabelledSeries,
  type LabelSets,
  type LabelValues,
  SERIES_MAX,
} from "./label-sets.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type RootLogger,
} from "./logger.ts";
export { registerProcessMetrics } from "./process-metrics.ts";
export { REDACTED, redactField } from "./redact.ts";
export {
  createMetricsRegistry,
  type FamilyOptions,
  type MetricDescription,
  type MetricOptions,
  type MetricsRegistry,
  METRICS_CONTENT_TYPE,
  type NoLabels,
  type ObservedOptions,
} from "./registry.ts";
export { parseRequestId, PROBE_REQUEST_ID } from "./request-id.ts";
export { formatTraceparent, parseTraceparent, parseTracestate, type TraceParent } from "./trace-context.ts";
export { declareCertificateExpiry, declareReloads, ReloadCounts } from "./shared-metrics.ts";
export { createTracing, readTraceContext, Span, type SpanAttributes, type Tracing } from "./tracing.ts";
